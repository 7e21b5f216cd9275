// The curve of a run: it grows by itself while the run trains. Knows nothing of what the page around it shows.

const EPOCH = 0, SECONDS = 1, COLUMNS = { accuracy: [2, 4], loss: [3, 5] }; // of a row: training, held back
const NAMES = { accuracy: "right answers, %", loss: "loss" };
const LEFT = 40, RIGHT = 14, TOP = 8, BOTTOM = 22; // around a plot, in pixels
const MARKED = 40; // epochs: with more, their lines have no dots
const LOWEST = 60; // the accuracy axis begins here, in percent, unless a run stays below it
const PATIENT = 12; // points: a run that is still below it then gets the whole axis
const ENDS = [1, 10, 100, 1000, 10000].flatMap((ten) => [ten, 2 * ten, 5 * ten]); // of an axis
const CLOSEST = 0.002; // share of the axis that one can look at
const RETRY = 1500, SPREAD = 1500, WAIT = 200, ANSWERED = 10000; // milliseconds
const LINK = "[data-testid=stPageLink-NavLink]"; // a link to a page
const SVG = "http://www.w3.org/2000/svg";
const views = new WeakMap();

let tapped = null; // the page whose link was tapped last, and when
addEventListener("click", ({ target }) => {
  const link = target.closest?.(LINK);
  if (link) tapped = { path: link.pathname, at: performance.now() };
}, true);

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  const view = views.get(parentElement);
  view.update(data, (version) => setTriggerValue("changed", version));
  return () => {
    view.close();
    views.delete(parentElement);
  };
}

class View {
  constructor(root) {
    this.rows = { points: [], epochs: [] };
    this.state = {};
    this.choices = { x: EPOCH, smooth: 0.6, log: false, ...remembered() };
    this.x = EPOCH; // which column of a row lies along the axis
    this.zoom = null; // the part of the x axis that is looked at; null: all of it
    this.at = null; // the x that is pointed at
    this.pointers = new Map();
    this.root = make(root, "div", "live");
    this.words = make(this.root, "p", "live-words");
    this.bar = make(make(this.root, "div", "live-bar"), "i");
    this.figures = make(this.root, "dl", "live-figures");
    this.plots = [];
    this.tools = make(this.root, "div", "live-tools");
    const words = ["One epoch: every training picture looked at once", "Seconds of training, breaks left out"];
    this.buttons = ["epochs", "seconds"].map((name, x) => this.button(name, words[x], () => this.choose({ x }, true)));
    const label = make(this.tools, "label", "", "smooth ");
    label.title = "The mean of what came before, so that chance shows less; the line behind is as it was";
    const smooth = make(label, "input");
    Object.assign(smooth, { type: "range", min: 0, max: 0.95, step: 0.05, value: this.choices.smooth });
    smooth.oninput = () => this.choose({ smooth: Number(smooth.value) });
    this.log = this.button("log scale", "For the loss: each step up is ten times as much, so that small differences show", () => this.choose({ log: !this.choices.log }));
    this.whole = this.button("whole curve", "No longer look closer", () => this.look(null));
    this.charts = make(this.root, "div", "live-charts");
    this.tip = make(this.charts, "div", "live-tip");
    this.note = make(this.root, "p", "live-note");
    this.said = make(this.root, "section", "live-said");
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.charts);
    this.seen = () => (document.hidden ? this.hangUp() : this.call());
    document.addEventListener("visibilitychange", this.seen);
    this.leave = () => (this.left = performance.now());
    addEventListener("popstate", this.leave, true); // Back
  }

  close() {
    removeEventListener("popstate", this.leave, true);
    document.removeEventListener("visibilitychange", this.seen);
    this.sizes.disconnect();
    this.closed = true;
    this.hangUp();
    this.root.remove();
  }

  update(data, changed) {
    const other = data.address !== this.data?.address;
    if (data.version !== this.data?.version) Object.assign(this, { told: null, ended: !data.address });
    Object.assign(this, { data, changed, left: -Infinity });
    if (other) {
      this.hangUp();
      Object.assign(this, { rows: { points: [], epochs: [] }, state: {}, zoom: null, at: null, ended: !data.address });
      this.plots.forEach((plot) => plot.figure.remove());
      this.pointers.clear();
      this.plots = data.measures.map((measure) => this.plot(measure));
      this.said.replaceChildren();
      this.snapshot = null;
      if (data.mine && this.root.getBoundingClientRect().bottom < 0) this.root.scrollIntoView(); // Start was pressed below it
      this.call();
    }
    this.show();
  }

  // The line to the server: none while the page is hidden or after the run has ended.

  call() {
    if (this.closed || this.ended || this.socket || document.hidden) return;
    const address = new URL(this.data.address, document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(address));
    this.told = null;
    socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      setTimeout(() => this.call(), RETRY * (1 + Math.random()));
    };
  }

  hangUp() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  take(message) {
    if (message.gone) {
      this.ended = true;
      this.ask("gone");
      return;
    }
    if (message.whole) this.rows = { points: [], epochs: [] };
    for (const kind of ["points", "epochs"]) this.rows[kind].push(...message[kind]);
    this.state = message.state;
    this.ended = this.state.ended;
    this.show();
    const { version } = this.state;
    if (version === this.data.version || version === this.told) return;
    this.told = version; // the page has something else to offer: thirty do not ask for it at the same moment
    setTimeout(() => this.ask(version), this.data.mine ? 0 : SPREAD * Math.random());
  }

  // Have the page drawn anew, but not while it is being drawn, nor once a link was tapped: until the server has answered
  // the tap, what is asked for counts as wanted on this page, and would bring the reader back to it. A curve that comes
  // meanwhile is the answer to what was asked before the tap.
  ask(version) {
    if (this.closed) return;
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState ?? "notRunning";
    const left = Math.max(this.left, tapped && tapped.path !== location.pathname ? tapped.at : -Infinity);
    if (state === "notRunning" && performance.now() - left > ANSWERED) this.changed(version);
    else setTimeout(() => this.ask(version), WAIT);
  }

  // What is shown.

  choose(change, whole = false) {
    Object.assign(this.choices, change);
    remember(this.choices);
    if (whole) this.zoom = this.at = null;
    this.show();
  }

  look(zoom) {
    const before = this.zoom;
    this.zoom = null;
    const [first, last] = this.span();
    this.zoom = zoom && zoom[1] - zoom[0] < CLOSEST * (last - first) ? before : zoom;
    this.show();
  }

  show() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.fill();
      this.draw();
      this.tell();
    });
  }

  fill() {
    const { words = "", progress = null, figures = [], ended } = this.state;
    const note = ended ? "" : this.state.note ?? ""; // after the end the page says it
    write(this.words, words);
    this.bar.parentElement.hidden = progress === null;
    this.bar.style.width = `${100 * progress}%`;
    while (this.figures.children.length > figures.length) this.figures.lastChild.remove();
    figures.forEach(([name, value], index) => {
      const place = this.figures.children[index] ?? make(this.figures, "div");
      if (!place.firstChild) make(place, "dt"), make(place, "dd");
      write(place.firstChild, name);
      write(place.lastChild, value);
    });
    if (this.note.dataset.words !== note) {
      this.note.dataset.words = note;
      this.note.replaceChildren(...note.split("**").map((part, index) => (index % 2 ? bold(part) : part)));
    }
    const timed = this.rows.points.length > 0 && this.rows.points.every((row) => row[SECONDS] !== null);
    const x = timed ? this.choices.x : EPOCH;
    if (x !== this.x) Object.assign(this, { x, zoom: null, at: null });
    this.buttons.forEach((button, x) => {
      button.setAttribute("aria-pressed", x === this.x);
      button.disabled = !timed && x === SECONDS;
    });
    this.log.setAttribute("aria-pressed", this.choices.log);
    this.log.hidden = !this.data.measures.includes("loss");
    this.whole.hidden = !this.zoom;
  }

  // What the network says after an epoch: fetched when there is another one.

  async tell() {
    const { snapshot, ended } = this.state;
    if (ended || !this.data.said) this.said.replaceChildren();
    if (ended || !this.data.said || !snapshot || snapshot === this.snapshot) return;
    this.snapshot = snapshot;
    const answer = await fetch(new URL(`${this.data.address}/${snapshot}`, document.baseURI)).catch(() => ({ ok: false }));
    if (!answer.ok) this.snapshot = null; // asked for again with the next message
    if (!answer.ok || this.snapshot !== snapshot || this.state.ended) return;
    const said = document.createElement("div");
    said.innerHTML = await answer.text(); // made by our own server, every word of it escaped
    const heading = document.createElement("h3");
    heading.textContent = `What it says after epoch ${snapshot}`;
    this.said.replaceChildren(heading, said);
  }

  // The plots.

  plot(measure) {
    const figure = make(this.charts, "figure", `curve ${measure}`);
    const legend = make(figure, "figcaption");
    const svg = figure.appendChild(document.createElementNS(SVG, "svg"));
    svg.setAttribute("tabindex", 0);
    svg.setAttribute("role", "img");
    svg.onpointerdown = (event) => this.press(event, svg);
    svg.onpointermove = (event) => this.move(event, svg);
    svg.onpointerup = svg.onpointercancel = (event) => this.lift(event, svg);
    svg.onpointerleave = ({ pointerType }) => pointerType === "mouse" && this.point(null); // what a finger pointed at stays
    svg.ondblclick = () => this.look(null);
    svg.onkeydown = (event) => this.key(event);
    svg.onblur = () => this.point(null);
    return { measure, figure, legend, svg };
  }

  draw() {
    for (const plot of this.plots) this.drawOne(plot);
    this.drawTip();
  }

  drawOne({ measure, legend, svg }) {
    const { clientWidth: width, clientHeight: height } = svg;
    if (!width) return;
    const percent = measure === "accuracy" ? 100 : 1;
    const logarithm = measure === "loss" && this.choices.log;
    const [column, heldBack] = COLUMNS[measure];
    const series = (rows, index) => rows.filter((row) => row[index] !== null && row[this.x] !== null).map((row) => [row[this.x], percent * row[index]]);
    const raw = series(this.rows.points, column);
    const smoothed = this.choices.smooth ? smooth(raw, this.choices.smooth) : [];
    const published = this.x === EPOCH ? (this.data.published[measure] ?? []).map((y, index) => [index + 1, percent * y]) : [];
    const training = series(this.rows.epochs, column), validation = series(this.rows.epochs, heldBack);
    const lines = [
      ["raw", "each batch", raw],
      ["smoothed", "smoothed", smoothed],
      ["published", "as published", published, true],
      ["training", "training pictures", training, true],
      ["validation", "validation pictures", validation, true],
    ].filter(([, , points]) => points.length);
    const seams = this.x === EPOCH ? this.state.seams ?? [] : [], chosen = this.x === EPOCH && this.data.chosen;
    const [first, last] = this.span();
    const [low, high] = this.heights(measure, lines, [first, last], logarithm);
    const level = (y) => (logarithm ? Math.log10(y) : y);
    const right = (x) => LEFT + ((x - first) / (last - first)) * (width - LEFT - RIGHT);
    const down = (y) => TOP + (1 - (level(y) - level(low)) / (level(high) - level(low))) * (height - TOP - BOTTOM);
    this.scale = { first, last, width };
    const parts = [];
    const even = ticks(low, high, height / 45), round = logarithm ? decades(low, high) : even;
    for (const y of round.length > 1 ? round : even) {
      parts.push(line("grid", LEFT, down(y), width - RIGHT, down(y)), text("end", LEFT - 6, down(y) + 4, plain(y)));
    }
    for (const x of ticks(first, last, width / 90)) parts.push(text("middle", right(x), height - 4, plain(x)));
    for (const seam of seams) parts.push(line("seam", right(seam), TOP, right(seam), height - BOTTOM));
    if (chosen) parts.push(line("chosen", right(chosen), TOP, right(chosen), height - BOTTOM));
    const clip = `curve-${measure}-${width}`;
    parts.push(`<clipPath id="${clip}"><rect x="${LEFT}" y="${TOP - 4}" width="${width - LEFT - RIGHT + 4}" height="${height - TOP - BOTTOM + 4}"/></clipPath><g clip-path="url(#${clip})">`);
    for (const [kind, , points, marked] of lines) {
      parts.push(`<path class="${kind}" d="${path(points, right, down, [first, last])}"/>`);
      if (marked && points.filter(([x]) => x >= first && x <= last).length <= MARKED) for (const [x, y] of points.filter(([, each]) => Number.isFinite(down(each)))) parts.push(`<circle class="${kind}" cx="${right(x).toFixed(1)}" cy="${down(y).toFixed(1)}" r="3.5"/>`);
    }
    if (this.at !== null) parts.push(line("at", right(this.at), TOP, right(this.at), height - BOTTOM));
    if (this.pulled) parts.push(`<rect class="pulled" x="${Math.min(...this.pulled)}" y="${TOP}" width="${Math.abs(this.pulled[1] - this.pulled[0])}" height="${height - TOP - BOTTOM}"/>`);
    svg.innerHTML = parts.join("") + "</g>";
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const now = (validation.at(-1) ?? smoothed.at(-1) ?? raw.at(-1) ?? published.at(-1))?.[1];
    svg.setAttribute("aria-label", `${NAMES[measure]}, over the ${this.x === EPOCH ? "epochs" : "seconds"}, now ${now === undefined ? "none" : now.toFixed(percent === 100 ? 0 : 2)}`);
    const marks = [...(seams.length ? [["seam", "taken up again"]] : []), ...(chosen ? [["chosen", "looked at below"]] : [])];
    const names = [NAMES[measure], ...[...lines, ...marks].map(([kind, name]) => `<span class="${kind}">${name}</span>`)].join(" ");
    if (legend.innerHTML !== names) legend.innerHTML = names;
  }

  // From where to where the x axis goes: it holds what is looked at, else it has room for what is to come.
  span() {
    if (this.zoom) return this.zoom;
    const rows = [...this.rows.points.slice(-1), ...this.rows.epochs.slice(-1)];
    const last = Math.max(0, ...rows.map((row) => row[this.x]));
    if (this.x === EPOCH && this.data.epochs <= 10) return [0, this.data.epochs];
    const end = ENDS.find((each) => each >= last) ?? last;
    return [0, this.x === EPOCH ? Math.min(end, Math.max(this.data.epochs, last)) : end];
  }

  heights(measure, lines, [first, last], logarithm) {
    const inside = (points) => points.filter(([x, y]) => x >= first && x <= last && (!logarithm || y > 0)).map(([, y]) => y);
    const values = lines.flatMap(([, , points]) => inside(points));
    if (!values.length) return measure === "accuracy" ? [LOWEST, 100] : [0.1, 2.5];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (this.zoom || logarithm) return low < high ? [low, high] : [low * 0.99, high * 1.01 + 1e-6];
    if (measure === "accuracy") return [values.length > PATIENT && high < LOWEST ? 0 : LOWEST, 100];
    const usual = values.sort((a, b) => a - b)[Math.floor(0.98 * (values.length - 1))];
    return [0, Math.max(usual * 1.1, 0.1)]; // the first batches, which are far worse, may stand out above
  }

  // Pointing shows the values; dragging with a mouse or two fingers looks closer.

  point(at) {
    if (at === this.at) return;
    this.at = at;
    this.show();
  }

  place(event, svg) {
    const { first, last, width } = this.scale;
    const x = event.clientX - svg.getBoundingClientRect().left;
    return first + Math.min(1, Math.max(0, (x - LEFT) / (width - LEFT - RIGHT))) * (last - first);
  }

  press(event, svg) {
    if (event.button) return;
    this.pointers.set(event.pointerId, event.clientX);
    if (event.pointerType === "mouse") {
      svg.setPointerCapture(event.pointerId);
      this.began = event;
    }
    this.held = this.pointers.size === 2 ? { span: this.span(), apart: this.apart(), middle: this.place(event, svg) } : null;
    this.move(event, svg);
  }

  apart() {
    const [one, other] = this.pointers.values();
    return Math.max(10, Math.abs(one - other));
  }

  move(event, svg) {
    if (!this.scale) return;
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, event.clientX);
    if (this.held && this.pointers.size === 2) {
      const { span, apart, middle } = this.held, closer = apart / this.apart();
      return this.look(closer < 1 ? span.map((end) => middle + (end - middle) * closer) : null);
    }
    const left = svg.getBoundingClientRect().left;
    this.pulled = this.began && [this.began.clientX - left, event.clientX - left];
    this.nearest(this.place(event, svg));
    this.show();
  }

  lift(event, svg) {
    this.pointers.delete(event.pointerId);
    const { began } = this;
    this.held = this.began = this.pulled = null;
    if (began && Math.abs(event.clientX - began.clientX) > 8) {
      this.look([this.place(began, svg), this.place(event, svg)].sort((a, b) => a - b));
    } else this.show();
  }

  key(event) {
    const [first, last] = this.span();
    const rows = this.pointed().filter((row) => row[this.x] >= first && row[this.x] <= last);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const middle = this.at ?? (first + last) / 2;
    if (step && rows.length) {
      const index = rows.findIndex((row) => row[this.x] >= middle);
      this.point(rows.at(Math.min(rows.length - 1, Math.max(0, index + step)))[this.x]);
    } else if (event.key === "+") this.look([middle - (middle - first) / 2, middle + (last - middle) / 2]);
    else if (event.key === "Escape" || event.key === "-") this.at = null, this.look(null);
    else return;
    event.preventDefault();
  }

  pointed() {
    return this.rows.points.length ? this.rows.points : this.rows.epochs;
  }

  nearest(x) {
    const rows = this.pointed();
    const away = (row) => Math.abs(row[this.x] - x);
    const row = rows.length ? rows.reduce((best, each) => (away(each) < away(best) ? each : best)) : null;
    this.at = row && row[this.x];
  }

  drawTip() {
    this.tip.hidden = this.at === null || !this.scale;
    if (this.tip.hidden) return;
    const { x } = this, { first, last, width } = this.scale;
    const point = this.rows.points.find((row) => row[x] === this.at);
    const epoch = this.rows.epochs.filter((row) => row[x] <= this.at).at(-1);
    const words = point ? [`epoch ${point[EPOCH].toFixed(2)}` + (point[SECONDS] === null ? "" : `, ${point[SECONDS].toFixed(1)} s`), `${values(point, 2, 3)}`] : [];
    if (epoch) words.push(`after epoch ${epoch[EPOCH]}: ${values(epoch, 2, 3)}`);
    if (epoch && epoch[4] !== null) words.push(`validation pictures: ${values(epoch, 4, 5)}`);
    write(this.tip, words.join("\n"));
    const share = (this.at - first) / (last - first);
    this.tip.style.left = `${LEFT + share * (width - LEFT - RIGHT)}px`;
    this.tip.classList.toggle("left", share > 0.5);
  }

  button(name, title, pressed) {
    const button = make(this.tools, "button", "", name);
    Object.assign(button, { type: "button", title, onclick: pressed });
    return button;
  }
}

// Small things: elements, numbers, lines.

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("curve"));
  } catch {
    return null; // this browser keeps nothing
  }
}

function remember(choices) {
  try {
    sessionStorage.setItem("curve", JSON.stringify(choices));
  } catch {} // then it lasts as long as the page
}

function make(parent, kind, name = "", words = "") {
  const element = parent.appendChild(document.createElement(kind));
  element.className = name;
  if (words) element.textContent = words;
  return element;
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function bold(words) {
  const element = document.createElement("b");
  element.textContent = words;
  return element;
}

const values = (row, accuracy, loss) => `${(100 * row[accuracy]).toFixed(1)} % right, loss ${(row[loss] ?? 0).toFixed(3)}`;
const plain = (value) => String(Number(value.toPrecision(6)));
const line = (name, x1, y1, x2, y2) => `<line class="${name}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
const text = (anchor, x, y, words) => `<text text-anchor="${anchor}" x="${x}" y="${y}">${words}</text>`;

// A moving mean that forgets: `kept` of 0 to 1 says how slowly. The beginning is corrected for what it has not seen.
function smooth(points, kept) {
  let sum = 0, weight = 0;
  return points.map(([x, y]) => {
    sum = kept * sum + (1 - kept) * y;
    weight = kept * weight + 1 - kept;
    return [x, sum / weight];
  });
}

function ticks(low, high, most) {
  const rough = (high - low) / Math.max(2, most), ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * ten).find((each) => each >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => (first + index) * step);
}

function decades(low, high) {
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
  const all = Array.from({ length: to - from + 1 }, (_, index) => [1, 2, 5].map((step) => step * 10 ** (from + index))).flat();
  return all.filter((value) => value >= low && value <= high);
}

function path(points, right, down, [first, last]) {
  const begin = Math.max(0, points.findIndex(([x]) => x >= first) - 1);
  const after = points.findIndex(([x]) => x > last);
  const shown = points.slice(begin, after < 0 ? undefined : after + 1).filter(([, y]) => Number.isFinite(down(y)));
  return shown.map(([x, y], index) => `${index ? "L" : "M"}${right(x).toFixed(1)} ${down(y).toFixed(1)}`).join("");
}
