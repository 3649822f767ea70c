// Confirmation by <dialog>. On a form or button:
//   data-confirm="Stop this execution?"  data-confirm-detail="Steps that ran stay done."  data-confirm-yes="Stop it"
//   data-confirm-danger                  colours the button for acts that cannot be taken back
//   data-confirm-word="checkout"         the person must type this; a form sends what was typed as `confirmation`
// hx-confirm uses the same dialog. Without scripts forms are sent at once: the server asks again where it must.
(() => {
  const dialog = () => document.getElementById("confirm");

  function ask({ confirm, confirmDetail = "", confirmYes = "Continue", confirmWord = "", confirmDanger }) {
    const box = dialog();
    const yes = box.querySelector("#confirm-yes");
    const field = box.querySelector(".dialog-field");
    const input = box.querySelector("#confirm-word");
    box.querySelector("#confirm-title").textContent = confirm;
    box.querySelector("#confirm-detail").textContent = confirmDetail;
    box.querySelector("#confirm-detail").hidden = !confirmDetail;
    yes.textContent = confirmYes;
    yes.className = `btn btn-${confirmDanger === undefined ? "primary" : "danger"}`;
    field.hidden = !confirmWord;
    box.querySelector("label[for=confirm-word]").textContent = `Type ${confirmWord} to continue`;
    input.value = "";
    const check = () => { yes.disabled = Boolean(confirmWord) && input.value.trim() !== confirmWord; };
    input.oninput = check;
    check();
    // Enter in the field presses the first submit button of the form, which is Cancel: send it to the right one.
    input.onkeydown = (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!yes.disabled) yes.click();
    };
    box.returnValue = "";
    box.showModal();
    if (confirmWord) input.focus();
    return new Promise((resolve) => {
      box.addEventListener("close", () => resolve(box.returnValue === "yes" ? { word: input.value.trim() } : null), { once: true });
    });
  }

  const confirmed = new WeakSet();

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const { submitter } = event;
    const asker = submitter?.dataset.confirm ? submitter : form;
    if (!asker.dataset.confirm || !dialog()) return;
    if (confirmed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const answer = await ask(asker.dataset);
    if (!answer) return;
    if (asker.dataset.confirmWord) {
      let word = form.querySelector("input[name=confirmation]");
      if (!word) {
        word = Object.assign(document.createElement("input"), { type: "hidden", name: "confirmation" });
        form.append(word);
      }
      word.value = answer.word;
    }
    confirmed.add(form);
    form.requestSubmit(submitter || undefined);
  }, true);

  document.addEventListener("htmx:confirm", async (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    if (!ctx.confirm || !dialog()) return;
    event.preventDefault();
    const answer = await ask({ ...ctx.sourceElement.dataset, confirm: ctx.confirm });
    if (answer) issueRequest();
    else dropRequest();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open-dialog]");
    if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
  });
})();
