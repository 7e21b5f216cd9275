// The wall of clothes: one garment is lit, by a tap or the arrow keys, and what the network says of it stands below.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const views = new WeakMap();
let lit = null; // in this window, also after another page was open: a place on the wall, or a photo's name

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, data));
  const view = views.get(parentElement);
  view.update(data, (slug) => setTriggerValue("photo", slug));
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
    this.photos = make(say, "div", "photos");
    this.or = make(this.photos, "span");
    const shown = make(this.root, "div", "lit");
    this.garment = make(shown, "i");
    this.large = make(shown, "img");
    this.large.alt = "";
    this.answer = make(this.root, "div", "answer");
    this.answer.setAttribute("aria-live", "polite");
    this.buttons = data.labels.map((_, index) => {
      const button = make(this.wall, "button");
      button.type = "button";
      this.cut(make(button, "i"), index, data);
      button.onclick = () => this.light(index);
      return button;
    });
    this.samples = data.photos.map(({ slug, picture }) => {
      const button = make(this.photos, "button");
      button.type = "button";
      Object.assign(make(button, "img"), { src: picture, alt: "" });
      button.onclick = () => this.light(slug);
      return button;
    });
    this.wall.onkeydown = (event) => this.key(event);
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.wall);
  }

  update(data, ask) {
    Object.assign(this, { data, ask });
    this.root.style.setProperty("--sheet", `url(${data.sheet})`);
    this.root.style.setProperty("--columns", data.columns);
    this.wall.setAttribute("aria-label", data.words.wall);
    Object.assign(this.title, { textContent: data.title });
    Object.assign(this.lead, { textContent: data.lead });
    Object.assign(this.tap, { textContent: data.words.tap });
    Object.assign(this.or, { textContent: data.words.photo });
    this.samples.forEach((button, index) => button.setAttribute("aria-label", data.names[data.photos[index].label]));
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
    this.light(next);
    this.buttons[next].focus();
  }

  // A place on the wall, or the name of a photo, is lit; the server is asked for a photo's answer once.
  light(chosen) {
    const { data } = this;
    const photo = data.photos.find(({ slug }) => slug === chosen);
    if (chosen !== data.lit || lit !== null) lit = chosen;
    if (!photo) this.at = chosen;
    this.buttons.forEach((button, index) => button.setAttribute("aria-pressed", index === chosen));
    this.samples.forEach((button, index) => button.setAttribute("aria-pressed", data.photos[index] === photo));
    this.reach();
    this.garment.hidden = Boolean(photo);
    this.large.hidden = !photo;
    if (photo) this.large.src = photo.picture;
    else this.cut(this.garment, chosen, data);
    const shares = photo ? data.asked[chosen] : data.shares[chosen];
    if (shares) this.say(shares, photo ? photo.label : data.labels[chosen]);
    else {
      this.answer.replaceChildren();
      make(this.answer, "p", "sign", data.words.wait);
      if (this.asked !== chosen) this.ask((this.asked = chosen));
    }
  }

  say(shares, label) {
    const { names, colours, words } = this.data;
    const order = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
    const right = order[0] === label;
    this.answer.replaceChildren();
    make(this.answer, "h2", "", names[order[0]]);
    const sign = right ? `✓ ${words.right}` : `✗ ${words.wrong.replace("{name}", names[label])}`;
    make(this.answer, "p", right ? "sign right" : "sign wrong", sign);
    const bars = make(this.answer, "dl", "bars");
    bars.setAttribute("aria-label", words.bars);
    order.forEach((kind, place) => {
      const row = make(bars, "div", place ? "" : "top");
      row.style.setProperty("--share", shares[kind] / 1000);
      row.style.setProperty("--class", colours[kind]);
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
