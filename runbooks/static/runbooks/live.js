// A live page: it shows what the portal tells on one stream (runbooks/views/live.py). Where no stream comes through it asks for
// its fragment instead; where nothing comes through it says since when. A hidden page listens to nothing and catches up when it
// is shown again. Without scripts the page is a page: loading it again shows the same picture.
(() => {
  const ASK = 2000; // between two questions where there is no stream
  const QUIET = 8000; // a stream tells something every 3 s
  const SOON = 3000; // the same where a question was not answered either
  const AGAIN = 2000; // until a stream is tried again, and where several failed:
  const LATER = 30000;

  let source = null;
  let isHeard = false; // the stream has told something
  let isAsking = false;
  let isLost = false; // the last question was not answered
  let failures = 0;
  let heardAt = Date.now();
  let askAt = 0;
  let connectAt = 0;
  let quietUntil = 0;

  const part = () => document.querySelector("[data-live]");

  function heard() {
    heardAt = Date.now();
    document.getElementById("live-contact")?.remove();
  }

  // --- the notice: a page that may be old says so, with the time up to which it is true
  function tellOfSilence(live) {
    if (document.getElementById("live-contact")) return;
    const notice = document.createElement("div");
    notice.id = "live-contact";
    notice.className = "alert alert-warning";
    notice.setAttribute("role", "alert");
    notice.textContent = `Not updated since ${new Date(heardAt).toISOString().slice(11, 19)} UTC: the portal does not answer. This page tries again by itself.`;
    live.before(notice);
  }

  let shown = Promise.resolve(); // pictures are shown one after the other
  const show = (html) => { shown = shown.then(() => swap(html)).catch((error) => console.error(error)); return shown; };

  async function swap(html) {
    const live = part();
    if (!live) return;
    const isReloaded = "reloadAtEnd" in live.dataset;
    await htmx.swap({ text: html, target: live, sourceElement: live, swap: "outerMorph" });
    if (part()) return;
    hangUp();
    if (isReloaded) location.reload(); // the banner and the picture's clock stand outside this part
  }

  // --- the stream
  function hangUp() {
    source?.close();
    source = null;
    isHeard = false;
    document.documentElement.dataset.liveBy = "questions";
  }

  function connect(live) {
    const address = new URL(live.dataset.live, location.href);
    address.searchParams.set("seen", live.dataset.seen);
    const opened = new EventSource(address);
    const listen = (name, then) => opened.addEventListener(name, (event) => {
      if (source !== opened) return;
      isHeard = true;
      document.documentElement.dataset.liveBy = "stream";
      failures = 0;
      heard();
      then(event);
    });
    source = opened;
    listen("picture", (event) => show(JSON.parse(event.data)));
    listen("beat", () => {});
    listen("end", () => { hangUp(); connectAt = Date.now() + AGAIN; });
    opened.addEventListener("error", () => { if (source === opened) failed(); });
  }

  function failed() {
    hangUp();
    failures += 1;
    connectAt = Date.now() + (failures > 2 ? LATER : AGAIN) * (0.75 + Math.random() / 2);
    askAt = 0;
  }

  // --- the question
  async function ask(live) {
    isAsking = true;
    askAt = Date.now() + ASK;
    try {
      const address = new URL(live.dataset.fragment, location.href);
      address.searchParams.set("seen", live.dataset.seen);
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(5000) });
      if (answer.redirected || answer.status === 404) location.reload(); // signed out, or not to be seen any more
      else if (answer.ok) {
        const html = await answer.text();
        heard();
        if (isLost) { failures = 0; connectAt = 0; }
        isLost = false;
        if (answer.status === 200 && !isHeard) await show(html);
      }
    } catch { isLost = true; }
    isAsking = false;
  }

  function look() {
    const live = part();
    if (!live || document.hidden) return;
    const now = Date.now();
    if (source && isHeard && now - heardAt > QUIET) failed();
    if (source && !isHeard && now - connectAt > QUIET) failed();
    if (!source && now >= connectAt) {
      connectAt = now;
      askAt = Math.max(askAt, now + ASK);
      connect(live);
    }
    if (!isHeard && !isAsking && now >= askAt) ask(live);
    if (now - heardAt > (isLost ? SOON : QUIET) && now > quietUntil) tellOfSilence(live);
  }

  document.addEventListener("visibilitychange", () => {
    hangUp();
    connectAt = 0;
    quietUntil = Date.now() + ASK;
    look();
  });
  window.addEventListener("pagehide", hangUp);
  document.addEventListener("DOMContentLoaded", look);
  setInterval(look, 500);
})();
