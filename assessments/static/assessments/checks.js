// The checks' page: what somebody opened stays open when the list is told anew. The page works without it.
(() => {
  let open = new Set();
  document.addEventListener("htmx:before:swap", () => {
    open = new Set([...document.querySelectorAll("details[id][open]")].map((details) => details.id));
  });
  document.addEventListener("htmx:after:swap", () => {
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  });
})();
