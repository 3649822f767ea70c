// Pages of executions and incidents: clocks that tick between two answers of the server, copy buttons, opened details that
// stay open when a fragment is swapped, fields that belong to a choice. Every page works without it.
(() => {
  // --- clocks: counted from the length the server said, never from this computer's clock
  const spoken = (seconds) => {
    const whole = Math.floor(seconds);
    const two = (number) => String(number).padStart(2, "0");
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${two(whole % 60)} s` : ""}`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
    return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
  };
  const begun = new WeakMap();
  const tick = () => document.querySelectorAll(".ticking[data-clock], .ticking[data-countdown]").forEach((clock) => {
    const said = clock.dataset.clock ?? clock.dataset.countdown;
    if (begun.get(clock)?.said !== said) begun.set(clock, { said, at: performance.now() });
    const gone = (performance.now() - begun.get(clock).at) / 1000;
    const seconds = clock.dataset.clock === undefined ? Math.ceil(Number(said) - gone) : Number(said) + gone;
    const text = spoken(Math.max(0, seconds)).replaceAll(" ", "\u00a0");
    if (clock.textContent !== text) clock.textContent = text;
  });
  setInterval(tick, 250);

  // --- copy
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
    const words = button.querySelector("[data-copy-words]") ?? button;
    const before = words.textContent;
    try {
      await navigator.clipboard.writeText(text);
      words.textContent = "Copied";
    } catch {
      words.textContent = "Select and copy by hand";
    }
    setTimeout(() => { words.textContent = before; }, 1500);
  });

  // --- details that were open stay open, those that were closed stay closed
  let states = new Map();
  document.addEventListener("htmx:before:swap", () => {
    states = new Map([...document.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  });
  document.addEventListener("htmx:after:swap", () => {
    document.querySelectorAll("details[id]").forEach((details) => {
      if (states.has(details.id)) details.open = states.get(details.id);
    });
    tick();
    choose();
  });

  // --- fields that belong to one choice: data-when="name=value" on the field's box. With data-when-flag="x" it is the
  // chosen option's data-x that is compared; where nothing is chosen, that of the control data-when-else names.
  function choose() {
    document.querySelectorAll("[data-when]").forEach((box) => {
      const [name, ...values] = box.dataset.when.split(/[= ]/);
      const form = box.closest("form");
      const control = form?.elements[name];
      if (!control) return;
      const flag = box.dataset.whenFlag;
      const deciding = flag && !control.value && box.dataset.whenElse ? form.elements[box.dataset.whenElse] : control;
      const value = flag ? String(deciding.selectedOptions[0]?.dataset[flag] ?? "") : control.value;
      box.hidden = !values.includes(value);
    });
  }
  document.addEventListener("change", choose);
  document.addEventListener("DOMContentLoaded", () => { tick(); choose(); });
})();
