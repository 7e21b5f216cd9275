// The list of runs: a row opens its run, ticks choose those to stand side by side. Python wrote the rows, and escaped them.

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  views.get(parentElement).update(data, (ids) => setTriggerValue("asked", ids));
}

class View {
  constructor(root) {
    this.root = root;
    this.ticked = [];
    root.addEventListener("click", (event) => {
      const open = event.target.closest("[data-open]");
      if (event.target.closest(".compare")) this.open(this.ticked);
      if (!open || event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab is the browser's affair
      event.preventDefault();
      this.open([open.dataset.open]);
    });
    root.addEventListener("change", ({ target }) => {
      this.ticked = this.ticked.filter((id) => id !== target.value);
      if (target.checked) this.ticked.push(target.value);
      this.show();
    });
  }

  update(data, ask) {
    this.ask = ask;
    this.words = data.compare;
    const chosen = data.chosen.join();
    if (chosen !== this.chosen && data.chosen.length > 1) this.ticked = data.chosen;
    this.chosen = chosen;
    if (data.rows !== this.rows) this.draw((this.rows = data.rows));
    this.ticked = this.ticked.filter((id) => this.root.querySelector(`[value="${id}"]`));
    this.show();
  }

  open(ids) {
    this.ask(ids);
    this.root.closest("[data-testid=stMain]")?.scrollTo({ top: 0 }); // what is opened stands there, also on a phone
  }

  draw(rows) {
    const held = this.root.contains(document.activeElement) ? document.activeElement.dataset.held : "";
    this.root.innerHTML = rows;
    if (held) this.root.querySelector(`[data-held="${held}"]`)?.focus({ preventScroll: true });
  }

  show() {
    const most = this.words.length - 1, count = this.ticked.length;
    for (const box of this.root.querySelectorAll("input")) {
      box.checked = this.ticked.includes(box.value);
      box.disabled = count >= most && !box.checked;
    }
    const button = this.root.querySelector(".compare");
    button.hidden = !count;
    button.disabled = count < 2;
    button.textContent = this.words[count];
  }
}
