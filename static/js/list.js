// The list of projects, live: what was asked for takes the place of what was there, and the reader is led to it.

const results = () => document.getElementById("resultats");

// A link of the results is gone with them (a page, a filter taken away): the keyboard goes on at the new ones.
document.addEventListener("htmx:afterSettle", (event) => {
  const asked = event.detail.requestConfig;
  if (asked?.target.id === "resultats" && (!document.activeElement || document.activeElement === document.body)) {
    results()?.focus({ preventScroll: true });
  }
});

// “Apply” closes the drawer of a small screen.
document.addEventListener("submit", (event) => {
  if (event.target.matches("#filtres:popover-open")) event.target.hidePopover();
});

// Without an answer, or with one that is no list, the browser goes there by itself.
const go = (event) => event.detail.target?.id === "resultats" && location.assign(event.detail.pathInfo.finalRequestPath);
["htmx:responseError", "htmx:sendError"].forEach((name) => document.addEventListener(name, go));
