// Small behaviours that pages do without: nothing is lost when this file does not load.

// A deed is sent once: the button that sent it waits; coming back by the back button frees it again.
const WAIT = 15_000;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get" || form.target) return;
  if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < WAIT) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = String(Date.now());
  event.submitter?.setAttribute("aria-busy", "true");
});

const free = (form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
};

window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(free));
document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("form") && free(event.target.closest("form")));

// The reader lands on what is to be corrected.
const showErrors = () => document.querySelector("[data-errors]")?.focus({ preventScroll: false });
document.addEventListener("htmx:afterSettle", showErrors);
showErrors();

// An open menu closes on Escape and on a click elsewhere.
const closeMenus = (besides) => document.querySelectorAll("details.menu[open]").forEach((menu) => menu !== besides && (menu.open = false));
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const inside = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  inside?.querySelector("summary").focus();
});
