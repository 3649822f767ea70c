// What every page does in the browser: theme switch, shortcuts, relative times, notices of refusals and lost connections.
// Dialogs are in dialogs.js. Everything here is an addition: each page works without it.
(() => {
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window */ } };

  // --- theme
  const showTheme = () => document.querySelectorAll("[data-theme]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.theme === window.portalTheme.chosen()));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme]");
    if (!button) return;
    event.stopPropagation();
    window.portalTheme.choose(button.dataset.theme);
    showTheme();
  }, true);

  // --- times: "3 min ago" stays true while the page is open
  const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const distance = (seconds) => {
    const size = Math.abs(seconds);
    if (size < 5) return "just now";
    const [unit, length] = UNITS.find(([, length]) => size >= length);
    const text = `${Math.floor(size / length)} ${unit}`;
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  };
  const refreshTimes = () => document.querySelectorAll("time[data-relative]").forEach((element) => {
    const text = distance((Date.now() - Date.parse(element.dateTime)) / 1000);
    if (element.textContent !== text) element.textContent = text;
  });
  setInterval(refreshTimes, 5000);

  // --- notices
  const notices = () => document.getElementById("notices");
  function notice(text, kind = "danger", key = "") {
    const place = notices();
    if (!place) return;
    if (key && place.querySelector(`[data-key="${key}"]`)) return;
    const alert = document.createElement("div");
    alert.className = `alert alert-${kind} alert-dismissible`;
    alert.dataset.key = key;
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.className = "btn-close";
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => alert.remove());
    alert.append(words, close);
    place.append(alert);
  }
  const clearNotice = (key) => notices()?.querySelector(`[data-key="${key}"]`)?.remove();
  window.portalNotice = notice;

  document.addEventListener("htmx:before:response", (event) => {
    const raw = event.detail.ctx.response.raw;
    if (raw.redirected && new URL(raw.url).pathname.startsWith("/accounts/login")) {
      event.preventDefault();
      location.reload();
    }
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { response, text } = event.detail.ctx;
    clearNotice("connection");
    if (response.status < 400) return;
    const page = new DOMParser().parseFromString(text || "", "text/html");
    const sentences = [...page.querySelectorAll("[data-refusal]")].map((element) => element.textContent.trim());
    if (sentences.length) notice(sentences.join("\n"), "danger", sentences.join());
    else if (response.status >= 500) notice("The portal could not do that. Try again; what was saved before is kept.", "danger", "server");
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx) notice("The portal does not answer. This page shows what was known last; it tries again by itself.", "warning", "connection");
  });

  // --- shortcuts: two keys one after the other, as the links' data-shortcut says; off for whoever wants them off
  const isOn = () => stored("shortcuts") !== "off";
  let first = "";
  let timer = 0;
  const isTyping = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !isOn() || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      document.getElementById("shortcuts")?.showModal();
      return;
    }
    const link = first && document.querySelector(`a[data-shortcut="${CSS.escape(first)} ${CSS.escape(event.key)}"]`);
    clearTimeout(timer);
    first = link ? "" : event.key;
    timer = setTimeout(() => { first = ""; }, 1200);
    if (link) {
      event.preventDefault();
      link.click();
    }
  });
  function listShortcuts() {
    const list = document.querySelector("[data-shortcut-list]");
    if (!list) return;
    document.querySelectorAll("a[data-shortcut]").forEach((link) => {
      const row = document.createElement("div");
      const keys = document.createElement("dt");
      link.dataset.shortcut.split(" ").forEach((key) => {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        keys.append(cap, " ");
      });
      const words = document.createElement("dd");
      words.textContent = link.textContent.trim();
      row.append(keys, words);
      list.append(row);
    });
    const toggle = document.querySelector("[data-shortcuts-on]");
    toggle.checked = isOn();
    toggle.addEventListener("change", () => store("shortcuts", toggle.checked ? "on" : "off"));
  }

  document.addEventListener("DOMContentLoaded", () => {
    showTheme();
    refreshTimes();
    listShortcuts();
  });
  document.addEventListener("htmx:after:swap", refreshTimes);
})();
