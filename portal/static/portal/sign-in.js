// The "Use" buttons of the sandbox's accounts fill the sign-in form in.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-login]");
  if (!button) return;
  document.querySelector("input[name=login]").value = button.dataset.fillLogin;
  document.querySelector("input[name=password]").value = button.dataset.fillPassword;
  document.querySelector("input[name=password]").form.querySelector("button[type=submit]").focus();
});
