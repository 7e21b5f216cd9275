// The confusion matrix: a grid one walks with the arrow keys; a tap, Enter or the space bar chooses a cell. A swipe is
// the page's.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -9], End: [0, 9] };
const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  const view = views.get(parentElement);
  view.update(data, (word) => setTriggerValue("chosen", word));
  return () => {
    view.table.remove();
    views.delete(parentElement);
  };
}

class View {
  constructor(parent) {
    this.table = make(parent, "table", "matrix big");
    this.table.setAttribute("role", "grid");
    const head = make(make(this.table, "thead"), "tr");
    this.corner = make(head, "td", "corner");
    this.columns = [...Array(10)].map(() => make(header(head, "col"), "span"));
    const body = make(this.table, "tbody");
    this.cells = [];
    this.rows = [...Array(10)].map(() => {
      const row = make(body, "tr");
      const name = make(header(row, "row"), "span");
      for (let column = 0; column < 10; column++) this.cells.push(make(row, "td"));
      return name;
    });
    this.cells.forEach((cell, index) => (cell.onclick = () => this.choose(index)));
    body.onkeydown = (event) => this.key(event);
  }

  update(data, tell) {
    this.tell = tell;
    this.words = data.cells.map((cell) => cell.word);
    this.table.setAttribute("aria-label", data.label);
    this.table.classList.toggle("flat", data.short.every((name) => name.length <= 3)); // as Chinese names are
    this.corner.replaceChildren();
    make(this.corner, "span", "", `${data.columns} →`);
    make(this.corner, "span", "", `${data.rows} ↓`);
    for (const side of [this.columns, this.rows])
      side.forEach((name, index) => {
        name.textContent = data.short[index];
        name.parentElement.setAttribute("aria-label", data.names[index]);
      });
    this.cells.forEach((cell, index) => {
      const { shown, label, shades } = data.cells[index];
      cell.textContent = shown;
      cell.setAttribute("aria-label", label);
      cell.title = label;
      cell.style.background = shades ? `light-dark(${shades[0]}, ${shades[1]})` : "";
      cell.className = index % 11 ? "" : "diagonal";
    });
    this.mark(this.words.indexOf(data.chosen));
  }

  mark(index) {
    this.cells.forEach((cell, other) => cell.setAttribute("aria-selected", other === index));
    this.reach(index);
  }

  // One of them is reached by the Tab key, the others from there.
  reach(index) {
    this.at = index;
    this.cells.forEach((cell, other) => (cell.tabIndex = other === index ? 0 : -1));
  }

  choose(index) {
    this.mark(index);
    this.tell(this.words[index]);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const index = this.cells.indexOf(event.target);
    const step = STEPS[event.key];
    if (index < 0 || !(step || event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return this.choose(index);
    const within = (place) => Math.min(Math.max(place, 0), 9);
    this.reach(10 * within(Math.floor(index / 10) + step[0]) + within((index % 10) + step[1]));
    this.cells[this.at].focus();
  }
}

function header(row, scope) {
  const cell = make(row, "th");
  cell.scope = scope;
  return cell;
}

function make(parent, kind, look = "", words = "") {
  const element = document.createElement(kind);
  if (look) element.className = look;
  if (words) element.textContent = words;
  return parent.appendChild(element);
}
