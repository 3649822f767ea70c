// Saves <form data-autosave> by itself after each change, says so in the question's [data-slot=saved], keeps what is not saved
// yet in this browser, and tries again until the portal answers. The rules are the server's: 409 shows both people's words,
// 422 says what is wrong. Without scripts the form's button does the same. Watching what others save is in questions.js.
(() => {
  const PREFIX = "assessment-answer:";
  const TYPING = 1200, CHOOSING = 120, PATIENCE = 15000, FIRST_RETRY = 2000, LAST_RETRY = 30000;
  const LOST = "Not saved: connection lost, kept in this browser, trying again";
  const SIGNED_OUT = "Not saved: you are signed out. Kept in this browser; sign in in another window, it tries again";
  const states = new WeakMap();

  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(PREFIX + key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(PREFIX + key, JSON.stringify(value)); return true; } catch { return false; } },
    remove(key) { try { localStorage.removeItem(PREFIX + key); } catch { /* private window */ } },
    keys() { try { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)); } catch { return []; } },
  };
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
  const pairs = (form) => [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  const said = (fields) => JSON.stringify(fields.filter(([name]) => name !== "base_revision" && name !== "page_key"));

  function post(url, fields, keepalive = false) {
    const body = new URLSearchParams(fields);
    const options = { method: "POST", body, keepalive, headers: { "X-Autosave": "1", "X-CSRFToken": token() } };
    if (!keepalive) options.signal = AbortSignal.timeout(PATIENCE);
    return fetch(url, options);
  }

  // --- what the server answered goes to the places it names: in the question, else anywhere on the page
  function place(html, article) {
    const fragment = new DOMParser().parseFromString(html, "text/html");
    for (const piece of fragment.querySelectorAll("[data-slot]")) {
      const selector = `[data-slot="${CSS.escape(piece.dataset.slot)}"]`;
      const inside = article?.querySelectorAll(selector) || [];
      const places = inside.length ? inside : document.querySelectorAll(selector);
      places.forEach((spot) => { spot.innerHTML = piece.innerHTML; });
    }
  }

  function say(state, text, isWrong = false) {
    const line = state.article.querySelector("[data-slot=saved]");
    if (!line) return;
    line.classList.toggle("saved-wrong", isWrong);
    if (text !== null) line.textContent = text;
  }

  const keep = (state) => {
    const fields = pairs(state.form);
    const isKept = store.set(state.key, { url: state.form.action, title: state.title, fields, at: Date.now() });
    state.isKept = isKept;
  };

  function edited(state, delay) {
    // Leaving a field tells of a change that is saved already: sending it again could only collide with somebody else's.
    if (!state.isDirty && said(pairs(state.form)) === state.known) return undefined;
    state.edits += 1;
    state.isDirty = true;
    keep(state);
    clearTimeout(state.timer);
    if (!state.hasConflict) state.timer = setTimeout(() => send(state), delay);
    return undefined;
  }

  async function send(state) {
    if (state.isSending || (!state.isDirty && !state.isForced)) return;
    clearTimeout(state.timer);
    clearTimeout(state.retry);
    state.isSending = true;
    state.isForced = false;
    const edits = state.edits;
    say(state, "Saving …");
    try {
      const response = await post(state.form.action, pairs(state.form));
      await answered(state, response, edits);
    } catch {
      lost(state, state.isKept === false ? "Not saved: connection lost, trying again. Leave this page open" : LOST);
    } finally {
      state.isSending = false;
    }
    if (state.again) {
      state.again = false;
      send(state);
    }
  }

  async function answered(state, response, edits) {
    if (response.redirected) return lost(state, SIGNED_OUT);
    if (response.status >= 500) return lost(state, "Not saved: the portal could not do it. Kept in this browser, trying again");
    const html = await response.text();
    if (response.status === 409) return conflict(state, response, html);
    if (response.status === 422) {
      place(html, state.article);
      return say(state, "Not saved: see what is wrong below. It is kept in this browser", true);
    }
    if (!response.ok) {
      const page = new DOMParser().parseFromString(html, "text/html");
      const why = page.querySelector("[data-refusal]")?.textContent.trim() || "it was refused";
      return say(state, `Not saved: ${why} It is kept in this browser`, true);
    }
    return saved(state, response, html, edits);
  }

  function saved(state, response, html, edits) {
    state.delay = FIRST_RETRY;
    state.form.elements.base_revision.value = response.headers.get("X-Revision");
    const wasConflict = state.hasConflict;
    state.hasConflict = false;
    say(state, null);
    place(html, state.article);
    if (state.edits !== edits) {
      keep(state);
      state.again = true;
      return;
    }
    state.isDirty = false;
    state.known = said(pairs(state.form));
    store.remove(state.key);
    if (wasConflict) state.article.dispatchEvent(new CustomEvent("question:reload", { bubbles: true }));
  }

  function conflict(state, response, html) {
    state.hasConflict = true;
    place(html, state.article);
    // From here on the choice is between the two texts that are shown.
    state.form.elements.base_revision.value = response.headers.get("X-Revision");
    keep(state);
    say(state, "Not saved: somebody else answered meanwhile. Choose below; yours is kept in this browser", true);
    state.article.querySelector(".conflict")?.focus();
  }

  function lost(state, text) {
    say(state, text, true);
    state.delay = Math.min((state.delay || FIRST_RETRY / 2) * 2, LAST_RETRY);
    state.retry = setTimeout(() => send(state), state.delay);
  }

  // --- a form on this page: what was kept for it comes back first
  function begin(form) {
    if (states.has(form)) return;
    const article = form.closest("[data-question]");
    const state = { form, article, key: form.dataset.autosaveKey, edits: 0, isDirty: false, known: said(pairs(form)), title: article.querySelector(".question-title").textContent };
    states.set(form, state);
    form.elements.page_key.value = crypto.randomUUID?.() || Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    form.querySelector(".question-save")?.classList.add("question-save-spare");
    const kept = store.get(state.key);
    if (kept && said(kept.fields) !== said(pairs(form))) restore(state, kept.fields);
    else store.remove(state.key);
    form.addEventListener("input", (event) => edited(state, event.target.matches("textarea") ? TYPING : CHOOSING));
    form.addEventListener("change", (event) => { if (event.target.matches("textarea")) edited(state, 0); });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      state.isForced = true;
      if (state.isSending) state.again = true;
      else send(state);
    });
  }

  function restore(state, fields) {
    const { form } = state;
    const given = new Map();
    fields.forEach(([name, value]) => given.set(name, [...(given.get(name) || []), value]));
    for (const control of form.elements) {
      if (!control.name || control.type === "submit" || control.name === "csrfmiddlewaretoken") continue;
      const values = given.get(control.name) || [];
      if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
      else if (values.length) control.value = values[0];
      if (control.value && control.closest("details")) control.closest("details").open ||= control.matches("textarea");
    }
    state.isDirty = true;
    say(state, "Not saved yet: brought back what was kept in this browser, saving it now", true);
    send(state);
  }

  // --- what was kept for questions that are not on this page is sent too; what is refused says where to look
  async function sendOthers() {
    const here = new Set([...document.querySelectorAll("form[data-autosave]")].map((form) => form.dataset.autosaveKey));
    const who = document.querySelector("[data-kept-for]")?.dataset.keptFor;
    for (const key of store.keys().filter((each) => !here.has(each) && who && each.startsWith(`${who}:`))) {
      const kept = store.get(key);
      if (!kept) continue;
      try {
        const response = await post(kept.url, kept.fields);
        if (response.redirected) return;
        if (response.ok) store.remove(key);
        else if (response.status < 500) window.portalNotice?.(`“${kept.title}” has changes that are kept in this browser only. Open that question to save them.`, "warning", key);
      } catch { return; }
    }
  }

  const all = () => [...document.querySelectorAll("form[data-autosave]")].map((form) => states.get(form)).filter(Boolean);
  window.assessmentForms = {
    begin: () => document.querySelectorAll("form[data-autosave]").forEach(begin),
    // Whether somebody is in the middle of something that a new copy of the form would lose.
    isBusy: (form) => { const state = states.get(form); return Boolean(state && (state.isDirty || state.isSending || state.hasConflict)); },
  };
  window.addEventListener("online", () => all().filter((state) => state.isDirty && !state.hasConflict).forEach(send));
  window.addEventListener("pagehide", () => all().filter((state) => state.isDirty && !state.isSending && !state.hasConflict).forEach((state) => {
    post(state.form.action, pairs(state.form), true).catch(() => {});
  }));
  window.addEventListener("beforeunload", (event) => {
    if (all().some((state) => state.isDirty && state.isKept === false)) event.preventDefault();
  });
  document.addEventListener("DOMContentLoaded", () => { window.assessmentForms.begin(); sendOthers(); });
})();
