// Sets the theme before the first paint: loaded in <head> without defer. The switch itself is in portal.js.
(() => {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem("theme") || "system"; } catch { return "system"; }
  };
  let isPrinting = false;
  const apply = () => {
    const choice = chosen();
    const isDark = !isPrinting && (choice === "dark" || (choice === "system" && prefersDark.matches));
    document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("portal:theme", { detail: { choice, isDark } }));
  };
  window.portalTheme = {
    chosen,
    choose(choice) {
      try { localStorage.setItem("theme", choice); } catch { /* a private window: the choice lasts for this page */ }
      apply();
    },
  };
  prefersDark.addEventListener("change", apply);
  for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      isPrinting = printing;
      apply();
    });
  }
  apply();
})();
