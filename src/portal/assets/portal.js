// What a page can do beyond showing: copy a sample or a key, keep a key for the consoles until the tab is closed or the reader logs out. Every page works
// without this file.
"use strict";
for (const shown of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + (shown.dataset.copy || "this"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(shown.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  shown.parentElement.append(button);
}
for (const field of document.querySelectorAll("[data-remember]")) {
  const name = "castile-" + field.dataset.remember;
  if (field.value === "") field.value = sessionStorage.getItem(name) ?? "";
  field.addEventListener("input", () => sessionStorage.setItem(name, field.value));
}
