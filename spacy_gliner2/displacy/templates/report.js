(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const minimum = document.getElementById("minimum");
  const matching = document.getElementById("matching");
  const chips = all(".g2-chip");
  const items = all("[data-k]");
  const boxes = all(".g2-box");
  const articles = all("article");

  function apply() {
    const least = Number(minimum.value);
    const off = new Set(chips.filter((chip) => chip.ariaPressed === "false").map((chip) => chip.dataset.key));
    document.getElementById("minimum-shown").value = least.toFixed(2);
    for (const item of items) {
      const score = Number(item.dataset.s ?? 1);
      item.classList.toggle("g2-off", off.has(item.dataset.k) || score < least);
    }
    for (const box of boxes) {
      box.classList.toggle("g2-empty", !box.querySelector("[data-k]:not(.g2-off)"));
    }
    let left = 0;
    for (const article of articles) {
      const some = article.querySelector("[data-k]:not(.g2-off)") !== null;
      article.hidden = matching.checked && !some;
      left += some;
    }
    const filtered = off.size > 0 || least > 0;
    const noun = articles.length === 1 ? "document" : "documents";
    document.getElementById("summary").textContent = filtered
      ? `${left} of ${articles.length} ${noun}`
      : `${articles.length} ${noun}`;
  }

  function press(chip, on) {
    chip.ariaPressed = String(on);
  }

  document.querySelector(".g2-filter").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".g2-chip")) press(button, button.ariaPressed === "false");
    else all(".g2-chip", button.closest("fieldset")).forEach((chip) => press(chip, button.dataset.all === "true"));
    apply();
  });
  minimum.addEventListener("input", apply);
  matching.addEventListener("change", apply);
  document.getElementById("scores").addEventListener("change", (event) => {
    document.body.classList.toggle("g2-scores", event.target.checked);
  });
  for (const kind of ["mouseover", "mouseout"]) {
    document.addEventListener(kind, (event) => {
      const value = event.target.closest?.("[data-ref]");
      if (!value) return;
      const same = `mark[data-ref="${CSS.escape(value.dataset.ref)}"]`;
      all(same, value.closest("article")).forEach((mark) => mark.classList.toggle("g2-hot", kind === "mouseover"));
    });
  }
  apply();
})();
