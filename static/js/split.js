// While a share is typed, the field's help says what is left for the other side.
const field = document.querySelector("[data-split]");
if (field) {
  const whole = Number(field.dataset.split);
  const said = document.createElement("p");
  said.className = "field__help";
  said.setAttribute("role", "status");
  field.closest(".field").append(said);
  const euros = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
  const tell = () => {
    const typed = field.value.replace(/[\s€]/g, "").replace(",", ".");
    const mine = Math.round(Number(typed) * 100);
    const right = /^\d{1,12}(\.\d{1,2})?$/.test(typed) && mine <= whole;
    said.textContent = right ? `${euros.format(mine / 100)} + ${euros.format((whole - mine) / 100)} = ${euros.format(whole / 100)}` : "";
  };
  field.addEventListener("input", tell);
  tell();
}
