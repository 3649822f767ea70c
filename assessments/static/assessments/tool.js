// A form that sends itself: data-send-after names the milliseconds. Its button works before that and without scripts.
(() => {
  for (const form of document.querySelectorAll("form[data-send-after]")) {
    const timer = setTimeout(() => form.requestSubmit(), Number(form.dataset.sendAfter));
    form.addEventListener("submit", () => clearTimeout(timer), { once: true });
  }
})();
