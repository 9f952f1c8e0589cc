// What pages of publishers do beyond showing: line numbers beside a text, and the envelope of an example while it is typed. Both work without this file.
"use strict";
for (const area of document.querySelectorAll("textarea[data-lines]")) {
  const frame = document.createElement("div");
  frame.className = "numbered";
  const gutter = document.createElement("pre");
  gutter.className = "gutter";
  gutter.setAttribute("aria-hidden", "true");
  gutter.tabIndex = -1;
  area.replaceWith(frame);
  frame.append(gutter, area);
  area.wrap = "off";
  const number = () => {
    const count = area.value.split("\n").length;
    gutter.textContent = Array.from({ length: count }, (_, i) => i + 1).join("\n");
    gutter.style.height = area.clientHeight + "px";
    gutter.scrollTop = area.scrollTop;
  };
  area.addEventListener("input", number);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  new ResizeObserver(number).observe(area);
  number();
}
for (const form of document.querySelectorAll("form[data-live]")) {
  const live = document.getElementById("live");
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.getElementById("live");
      if (made) live.replaceChildren(...made.childNodes);
    }, 400);
  });
}
