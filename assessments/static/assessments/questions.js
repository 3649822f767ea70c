// The questionnaire in the browser: questions that open where they stand, choices that exclude each other, and what somebody
// else saved meanwhile. Saving is in autosave.js.
(() => {
  const EVERY = 5000;

  async function fetched(url) {
    const response = await fetch(url, { headers: { "X-Fragment": "1" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return document.importNode(page.querySelector("[data-question]"), true);
  }

  function show(place, article) {
    place.replaceWith(article);
    window.htmx?.process(article);
    window.assessmentForms.begin();
  }

  // --- a question of the list opens where it stands
  document.addEventListener("toggle", async (event) => {
    const row = event.target;
    if (!row.matches?.("[data-fetch]") || !row.open || row.dataset.fetched) return;
    row.dataset.fetched = "yes";
    const body = row.querySelector(".row-question-body");
    try {
      const article = await fetched(row.dataset.fetch);
      body.replaceChildren(article);
      window.htmx?.process(article);
      window.assessmentForms.begin();
    } catch { delete row.dataset.fetched; }
  }, true);

  // --- "none of these" excludes the others; what is not applicable is not chosen
  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-choices]");
    if (!list) return;
    const row = event.target.closest("[data-choice]");
    const box = row.querySelector("input[name=choice]");
    const excuse = row.querySelector("[data-excuse]");
    if (event.target === excuse && excuse.value) box.checked = false;
    if (event.target === box && box.checked) {
      if (excuse) excuse.value = "";
      for (const other of list.querySelectorAll("input[name=choice]:checked")) {
        if (other !== box && ("none" in other.dataset || "none" in box.dataset)) other.checked = false;
      }
    }
    for (const each of list.querySelectorAll("[data-choice]")) each.classList.toggle("choice-excused", Boolean(each.querySelector("[data-excuse]")?.value));
  }, true);

  // --- what somebody else saved: shown at once where nobody is in the middle of something, else the save tells
  async function look() {
    const place = document.querySelector("[data-state-url]");
    if (!place || document.hidden) return;
    const articles = [...document.querySelectorAll("[data-question]")].filter((each) => each.querySelector("form[data-autosave]"));
    if (!articles.length) return;
    let known;
    try {
      const response = await fetch(place.dataset.stateUrl);
      if (!response.ok || response.redirected) return;
      known = await response.json();
    } catch { return; }
    for (const article of articles) {
      const form = article.querySelector("form[data-autosave]");
      const newer = known[article.dataset.questionId];
      if (!newer || newer.revision <= Number(form.elements.base_revision.value) || window.assessmentForms.isBusy(form)) continue;
      await renew(article, `${newer.by} changed this question at ${newer.at}. You see it as it is now`);
    }
  }

  async function renew(article, words) {
    const form = article.querySelector("form[data-autosave]");
    const focused = article.contains(document.activeElement) ? document.activeElement.id || document.activeElement.value : "";
    const opened = [...article.querySelectorAll("details")].map((each) => each.open);
    try {
      const next = await fetched(form.action);
      if (window.assessmentForms.isBusy(form)) return;
      [...next.querySelectorAll("details")].forEach((each, place) => { each.open ||= opened[place]; });
      show(article, next);
      const line = next.querySelector("[data-slot=saved]");
      if (words && line) line.textContent = words;
      if (focused) [...next.querySelectorAll("input, textarea, select, summary")].find((each) => each.id === focused || each.value === focused)?.focus();
    } catch { /* the next look tries again */ }
  }
  document.addEventListener("question:reload", (event) => renew(event.target, ""));

  function unfold() {
    const wide = window.matchMedia("(min-width: 992px)").matches;
    document.querySelectorAll("details[data-wide-open]").forEach((each) => { each.open = wide; });
    document.querySelector(".pillar-questions a[aria-current]")?.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("DOMContentLoaded", () => { unfold(); setInterval(look, EVERY); });
  document.addEventListener("visibilitychange", look);
})();
