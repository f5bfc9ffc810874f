// A draft saves itself while it is typed. Without this file its buttons do the same.
const PAUSE = 1_500;
const form = document.querySelector("form[data-autosave]");
const said = form?.querySelector("[data-autosave-said]");
let timer, flight;

// What is typed, without files: those leave with a button. What the page carries for itself is told apart.
const typed = () => {
  const data = new FormData(form);
  ["specification", "dropped", "act"].forEach((name) => data.delete(name));
  return data;
};
const words = (data) => JSON.stringify([...data].filter(([name]) => !["csrfmiddlewaretoken", "seen"].includes(name)));
let saved = form && words(typed());

const save = async () => {
  const data = typed();
  const now = words(data);
  if (now === saved) return;
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Autosave": "1" } });
    if (answer.status === 404) return stop(form.dataset.gone);
    const told = await answer.json();
    if (answer.status === 409) return stop(told.said);
    if (told.said) said.textContent = told.said;
    if (!told.seen) return;
    saved = now;
    form.elements.seen.value = told.seen;
    if (form.getAttribute("action") === told.path) return;
    form.action = told.path;
    form.elements.key?.remove();
    history.replaceState(null, "", told.path);
  } catch {
    said.textContent = form.dataset.failed;
  }
};

// One at a time, a little after the last key: an earlier answer never arrives over a later one.
const fly = () => {
  timer = undefined;
  flight = (flight ?? Promise.resolve()).then(save).finally(() => (flight = undefined));
};
const soon = () => {
  clearTimeout(timer);
  timer = setTimeout(fly, PAUSE);
};

// Another tab has written here, or deleted the draft: this one no longer saves by itself, and a button asks what to keep.
const stop = (why) => {
  said.textContent = why;
  form.removeEventListener("input", soon);
  said.classList.add("stop");
};

form?.addEventListener("input", soon);

// A button waits for the saving that is under way: what it sends follows what was saved.
form?.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (!flight) return;
  event.preventDefault();
  flight.then(() => form.requestSubmit(event.submitter));
});
