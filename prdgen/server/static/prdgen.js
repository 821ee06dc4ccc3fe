// Small comforts of the server's pages; everything works without them.
for (const element of document.querySelectorAll("[data-color]")) {
  element.style.setProperty("--person", element.dataset.color);
}
for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) form.requestSubmit();
  });
}
for (const input of document.querySelectorAll("input[data-copy]")) {
  input.addEventListener("focus", () => input.select());
}
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("q");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  }
  const edit = document.querySelector("a[href^='/edit/'].primary");
  if (event.key === "e" && edit) edit.click();
});
for (const button of document.querySelectorAll(".copy-link")) {
  button.addEventListener("click", () => navigator.clipboard?.writeText(new URL(button.getAttribute("href"), location.href).href));
}
