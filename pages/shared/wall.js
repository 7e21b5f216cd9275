// The wall of clothes: one garment is lit, by a tap or the arrow keys, and what the network says of it stands below.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const views = new WeakMap();
let lit = null; // in this window, also after another page was open

export default function ({ data, parentElement }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, data));
  const view = views.get(parentElement);
  view.update(data);
  return () => {
    view.sizes.disconnect();
    view.root.remove();
    views.delete(parentElement);
  };
}

class View {
  constructor(parent, data) {
    this.root = make(parent, "div", "welcome");
    this.wall = make(this.root, "div", "wall");
    this.wall.setAttribute("role", "group");
    const say = make(this.root, "div", "say");
    this.title = make(say, "h1");
    this.lead = make(say, "p", "lead");
    this.tap = make(say, "p", "tap");
    this.garment = make(make(this.root, "div", "lit"), "i");
    this.answer = make(this.root, "div", "answer");
    this.answer.setAttribute("aria-live", "polite");
    this.buttons = data.labels.map((_, index) => {
      const button = make(this.wall, "button");
      button.type = "button";
      this.cut(make(button, "i"), index, data);
      button.onclick = () => this.light(index);
      return button;
    });
    this.wall.onkeydown = (event) => this.key(event);
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.wall);
  }

  update(data) {
    this.data = data;
    this.root.style.setProperty("--sheet", `url(${data.sheet})`);
    this.root.style.setProperty("--columns", data.columns);
    this.wall.setAttribute("aria-label", data.words.wall);
    Object.assign(this.title, { textContent: data.title });
    Object.assign(this.lead, { textContent: data.lead });
    Object.assign(this.tap, { textContent: data.words.tap });
    this.buttons.forEach((button, index) => button.setAttribute("aria-label", `${index + 1}: ${data.names[data.labels[index]]}`));
    this.fit();
    this.light(lit ?? data.lit);
  }

  // As many garments as fill the rows that the page's style asks for.
  fit() {
    const style = getComputedStyle(this.wall);
    this.across = style.gridTemplateColumns.split(" ").length;
    this.shown = Math.min(this.across * Number(style.getPropertyValue("--rows")), this.buttons.length);
    this.buttons.forEach((button, index) => (button.hidden = index >= this.shown));
    this.reach();
  }

  // One of them is reached by the Tab key, the others from there.
  reach() {
    const one = this.at < this.shown ? this.at : 0;
    this.buttons.forEach((button, index) => (button.tabIndex = index === one ? 0 : -1));
  }

  key(event) {
    const step = { ...STEPS, ArrowUp: -this.across, ArrowDown: this.across }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Number.isFinite(step) ? this.at + step : step < 0 ? 0 : this.shown - 1;
    if (next < 0 || next >= this.shown) return;
    this.light((lit = next));
    this.buttons[next].focus();
  }

  light(index) {
    const { data } = this;
    const { names, labels, words } = data;
    if (this.at !== index) lit = index;
    this.at = index;
    this.buttons.forEach((button, other) => button.setAttribute("aria-pressed", other === index));
    this.reach();
    this.cut(this.garment, index, data);
    const shares = data.shares[index];
    const order = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
    const right = order[0] === labels[index];
    this.answer.replaceChildren();
    make(this.answer, "h2", "", names[order[0]]);
    const sign = right ? `✓ ${words.right}` : `✗ ${words.wrong.replace("{name}", names[labels[index]])}`;
    make(this.answer, "p", right ? "sign right" : "sign wrong", sign);
    const bars = make(this.answer, "dl", "bars");
    bars.setAttribute("aria-label", words.bars);
    order.forEach((kind, place) => {
      const row = make(bars, "div", place ? "" : "top");
      row.style.setProperty("--share", shares[kind] / 1000);
      row.style.setProperty("--class", data.colours[kind]);
      make(row, "dt", "", names[kind]);
      const value = make(row, "dd");
      make(value, "i");
      make(value, "b", "", words.percent.replace("{}", Math.round(shares[kind] / 10)));
    });
  }

  cut(element, index, data) {
    element.style.setProperty("--x", index % data.columns);
    element.style.setProperty("--y", Math.floor(index / data.columns));
  }
}

function make(parent, kind, look = "", words = "") {
  const element = document.createElement(kind);
  if (look) element.className = look;
  if (words) element.textContent = words;
  return parent.appendChild(element);
}
