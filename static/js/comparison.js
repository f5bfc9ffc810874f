// The offers side by side: printing, and what a note that could not be saved says. Without this file a button saves.

document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());

const unhide = () => document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
unhide();

// An offer taken off the shortlist may be gone with its button: the keyboard goes on at the offers that stay.
document.addEventListener("htmx:afterSettle", (event) => {
  unhide();
  if (event.detail.target?.id !== "comparaison" || (document.activeElement && document.activeElement !== document.body)) return;
  document.getElementById("comparaison")?.focus({ preventScroll: true });
});

const failed = (event) => {
  const said = event.detail.target?.querySelector("[data-failed]");
  if (said) said.hidden = false;
};
["htmx:responseError", "htmx:sendError"].forEach((name) => document.addEventListener(name, failed));
