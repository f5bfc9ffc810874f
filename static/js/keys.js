// When the browser gives no passkey (given up, unknown, refused address), the page says so where the reader looks.
document.addEventListener("allauth.error", (event) => {
  if (!event.detail.tags.includes("webauthn")) return;
  event.preventDefault();
  const said = document.getElementById("key-refused");
  document.querySelector("main .page-head").after(said);
  said.hidden = false;
});
