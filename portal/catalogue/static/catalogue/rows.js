// Adds and removes rows of a form ([data-rows]). Without scripts there is one empty row and a check box for removing.
// Not here: what a row may hold; the server says that.
(() => {
  function add(rows) {
    const total = rows.querySelector("[name$='-TOTAL_FORMS']");
    const empty = rows.querySelector("[data-rows-empty]");
    const holder = document.createElement("div");
    holder.innerHTML = empty.innerHTML.replaceAll("__prefix__", total.value);
    const row = holder.firstElementChild;
    total.value = Number(total.value) + 1;
    rows.querySelector("[data-rows-list]").append(row);
    prepare(row);
    row.querySelector("input, select, textarea").focus();
  }

  function prepare(row) {
    const box = row.querySelector(".row-remove input");
    if (!box) return;
    box.addEventListener("change", () => {
      row.classList.toggle("row-removed", box.checked);
      for (const control of row.querySelectorAll(".row-fields :is(input, select, textarea)")) control.readOnly = box.checked;
    });
    row.classList.toggle("row-removed", box.checked);
  }

  // An empty row nobody asked for is only there for browsers without scripts.
  function hideSpare(rows) {
    const initial = Number(rows.querySelector("[name$='-INITIAL_FORMS']").value);
    const total = rows.querySelector("[name$='-TOTAL_FORMS']");
    const list = [...rows.querySelectorAll("[data-row]")];
    const spare = list.at(-1);
    if (list.length > initial && !spare.querySelector(".wrong") && isUntouched(spare)) {
      spare.remove();
      total.value = Number(total.value) - 1;
    }
  }

  function isUntouched(row) {
    const empty = row.closest("[data-rows]").querySelector("[data-rows-empty]").content.firstElementChild;
    const values = (from) => [...from.querySelectorAll(".row-fields :is(input, select, textarea)")].map((control) => control.value.trim());
    return values(row).join("\n") === values(empty).join("\n");
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const rows of document.querySelectorAll("[data-rows]")) {
      hideSpare(rows);
      rows.querySelectorAll("[data-row]").forEach(prepare);
      const button = rows.querySelector("[data-rows-add]");
      button.hidden = false;
      button.addEventListener("click", () => add(rows));
    }
  });
})();
