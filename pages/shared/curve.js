// The parts of a page that show a run: its numbers, its curve, what its network says. They move by themselves while it
// trains. Knows nothing of what the page around them shows.

const COLUMNS = { accuracy: [2, 4], loss: [3, 5] }; // of a row: training, held back
const MARKED = 40; // epochs: with more, their lines have no dots
const BEGINNING = 0.2; // share of the points that the axis leaves out: the steep beginning
const FIVES = 5; // percent: the axis of accuracy begins and ends with such a step
const ENDS = [1, 10, 100, 1000, 10000].flatMap((ten) => [ten, 2 * ten, 5 * ten]); // of an axis
const CLOSEST = 0.002; // share of the axis that one can look at
const SVG = "http://www.w3.org/2000/svg";
const MAIN = "[data-testid=stMain]", START = ".st-key-training_start button", DESK = "[class*=st-key-training_desk]";
const views = new Map();
const choices = { x: EPOCH, smooth: 0.6, log: false, ...remembered() }; // for all curves of this window

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement));
  views.get(parentElement).update(data, (version) => setTriggerValue("changed", version));
  // Streamlit also cleans up when new data overtake older ones: only a part that has left the page is closed.
  return () => setTimeout(() => {
    if (parentElement.isConnected) return;
    views.get(parentElement)?.close();
    views.delete(parentElement);
  });
}

// Start was pressed: the eye goes to the numbers at once, before the server has answered.
addEventListener("click", ({ target }) => {
  if (!target.closest?.(START)) return;
  for (const view of views.values()) if (view.has("numbers")) view.begin();
}, true);

class View {
  constructor(root) {
    this.root = make(root, "div", "live");
    this.zoom = null; // the part of the x axis that is looked at; null: all of it
    this.at = null; // the x that is pointed at
    this.x = EPOCH; // which column of a row lies along the axis
    this.pointers = new Map();
    this.sizes = new ResizeObserver(() => this.draw());
  }

  has(part) {
    return this.data.parts.includes(part);
  }

  close() {
    this.sizes.disconnect();
    this.line.leave(this);
    if (this.titled) document.title = this.data.title;
    this.root.remove();
  }

  update(data, changed) {
    const before = this.data;
    this.data = data;
    if (JSON.stringify([data.parts, data.measures, data.words]) !== JSON.stringify(before && [before.parts, before.measures, before.words])) this.build();
    const line = lineOf(data);
    if (line !== this.line) {
      this.line?.leave(this);
      Object.assign(this, { line, zoom: null, at: null, pending: false, shown: null, said: undefined });
      this.pointers.clear();
      this.forgetSaid(); // it is another network's
      line.join(this);
    }
    if (data.asks) {
      line.mine = data.mine;
      line.know(data.version, changed);
    }
    this.paint();
  }

  build() {
    const { words, measures } = this.data;
    this.root.replaceChildren();
    if (this.has("numbers")) {
      this.figures = make(this.root, "dl", "live-figures");
      this.words = make(this.root, "p", "live-words");
      this.bar = make(make(this.root, "div", "live-bar"), "i");
      this.bar.parentElement.setAttribute("role", "progressbar");
      this.bar.parentElement.setAttribute("aria-label", words.progress);
      this.status = make(this.root, "p", "live-status");
      this.status.setAttribute("role", "status");
    }
    if (this.has("tools")) this.buildTools(words);
    this.charts = make(this.root, "div", "live-charts");
    this.tip = make(this.charts, "div", "live-tip");
    this.plots = measures.map((measure) => this.plot(measure));
    this.sizes.disconnect();
    this.sizes.observe(this.charts);
    if (this.has("twelve")) this.buildReplay(words);
    this.said_ = {};
    for (const part of ["twelve", "matrix", "filters"]) if (this.has(part)) this.said_[part] = make(this.root, "div", `live-said live-${part}`);
    this.forgetSaid();
    if (this.has("note")) this.note = make(this.root, "p", "live-note");
  }

  forgetSaid() {
    for (const place of Object.values(this.said_)) place.replaceChildren();
    if (this.has("twelve")) this.said_.twelve.innerHTML = `<div class="twelve">${"<figure><i></i><figcaption>\u00a0</figcaption></figure>".repeat(12)}</div>`;
  }

  buildTools(words) {
    this.tools = make(this.root, "div", "live-tools");
    this.buttons = [[words.epochs, words.epochs_meaning], [words.seconds, words.seconds_meaning]].map(([name, title], x) => this.button(name, title, () => choose({ x }, true)));
    const label = make(this.tools, "label", "", `${words.smooth} `);
    label.title = words.smooth_meaning;
    const smooth = make(label, "input");
    Object.assign(smooth, { type: "range", min: 0, max: 0.95, step: 0.05, value: choices.smooth });
    smooth.oninput = () => choose({ smooth: Number(smooth.value) });
    this.log = this.button(words.log, words.log_meaning, () => choose({ log: !choices.log }));
  }

  buildReplay(words) {
    const replay = make(this.root, "label", "live-replay");
    this.after = make(replay, "span");
    this.slider = make(replay, "input");
    Object.assign(this.slider, { type: "range", min: 0, title: words.replay });
    this.slider.setAttribute("aria-label", words.replay);
    this.slider.oninput = () => {
      const kept = this.line.kept(this.data.kept), index = Number(this.slider.value);
      this.line.look(index === kept.length - 1 ? null : kept[index]);
    };
  }

  // Start was pressed: until the new run is here, or it is clear that none comes.
  begin() {
    const desk = this.root.closest(DESK);
    this.pending = true;
    if (desk) desk.dataset.starting = "";
    this.paint();
    const main = document.querySelector(MAIN);
    if (main && (desk?.clientWidth < 640 || this.root.getBoundingClientRect().top < 0)) main.scrollTo(0, 0);
    let idle = 0;
    const look = () => {
      const running = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning";
      idle = running ? 0 : idle + 1;
      if (this.pending && idle < 5) return setTimeout(look, WAIT);
      this.pending = false;
      if (desk) delete desk.dataset.starting;
      this.paint();
    };
    setTimeout(look, WAIT);
  }

  // What is shown.

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
      this.paint();
    });
  }

  paint() {
    this.fill();
    this.draw();
    this.tell();
  }

  fill() {
    const { rows, state } = this.line, { words } = this.data;
    if (this.has("numbers")) this.fillNumbers(this.pending ? { words: words.starting, progress: 0, figures: (state.figures ?? []).map(([name]) => [name, "…", ""]) } : state, words);
    if (this.has("note") && this.note.dataset.words !== (state.note ?? "")) {
      this.note.dataset.words = state.note ?? "";
      this.note.replaceChildren(...(state.note ?? "").split("**").map((part, index) => (index % 2 ? bold(part) : part)));
    }
    const timed = rows.points.length > 0 && rows.points.every((row) => row[SECONDS] !== null);
    const x = timed ? choices.x : EPOCH;
    if (x !== this.x) Object.assign(this, { x, zoom: null, at: null });
    if (!this.has("tools")) return;
    this.buttons.forEach((button, x) => {
      button.setAttribute("aria-pressed", x === this.x);
      button.disabled = !timed && x === SECONDS;
    });
    this.log.setAttribute("aria-pressed", choices.log);
    this.log.hidden = !this.data.measures.includes("loss");
  }

  fillNumbers({ words = "", progress = null, figures = [], said = "", title = "", ended }, names) {
    write(this.words, words);
    const bar = this.bar.parentElement;
    bar.style.visibility = progress === null ? "hidden" : "";
    bar.parentElement.classList.toggle("still", progress === null && !words);
    if (progress !== null) bar.setAttribute("aria-valuenow", Math.round(100 * progress));
    this.bar.style.width = `${100 * progress}%`;
    while (this.figures.children.length > figures.length) this.figures.lastChild.remove();
    figures.forEach(([name, value, beside], index) => {
      const place = this.figures.children[index] ?? make(this.figures, "div");
      if (!place.firstChild) make(place, "dt"), make(place, "dd"), make(place, "dd", "beside");
      [name, value, beside].forEach((each, part) => write(place.children[part], each));
    });
    if (this.said !== undefined || !ended) write(this.status, said); // how a run ended that one comes to later is no news
    this.said = said;
    if (!this.data.title || this.pending) return;
    if (title || this.titled) document.title = title ? `${title} · ${this.data.title}` : this.data.title;
    this.titled = Boolean(title);
  }

  // What the network says after an epoch: fetched when there is another one.

  async tell() {
    const { line, data } = this, epoch = line.at(data.kept);
    if (this.has("twelve")) {
      const kept = line.kept(data.kept);
      write(this.after, epoch ? say(data.words.after, { epoch }) : data.words.answers);
      this.slider.hidden = kept.length < 2;
      Object.assign(this.slider, { max: Math.max(1, kept.length - 1), value: kept.indexOf(epoch) });
      this.slider.setAttribute("aria-valuetext", epoch ?? "");
    }
    if (!line.address || !epoch || epoch === this.shown || !Object.keys(this.said_).length) return;
    this.shown = epoch;
    const said = await line.piece(epoch).catch(() => null);
    if (!said) this.shown = null;
    if (!said || this.shown !== epoch || this.line !== line) return;
    for (const [part, place] of Object.entries(this.said_)) place.replaceChildren((said.querySelector(`[data-part=${part}]`) ?? said).cloneNode(true));
  }

  // The plots.

  plot(measure) {
    const figure = make(this.charts, "figure", `curve ${measure}`);
    const top = make(figure, "figcaption"), legend = make(top, "span", "legend");
    const whole = make(top, "button", "whole", this.data.words.whole);
    Object.assign(whole, { type: "button", hidden: true, onclick: () => this.look(null) });
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
    return { measure, figure, legend, svg, whole };
  }

  draw() {
    for (const plot of this.plots) this.drawOne(plot);
    this.drawTip();
  }

  drawOne({ measure, legend, svg, whole }) {
    const { clientWidth: width, clientHeight: height } = svg, { words } = this.data, { rows, state } = this.line;
    if (!width) return;
    const font = parseFloat(getComputedStyle(svg).fontSize);
    const LEFT = 3.6 * font, RIGHT = 1.2 * font, TOP = 0.8 * font, BOTTOM = 1.9 * font; // around a plot, in pixels
    whole.hidden = !this.zoom;
    const percent = measure === "accuracy" ? 100 : 1;
    const logarithm = measure === "loss" && choices.log;
    const [column, heldBack] = COLUMNS[measure];
    const series = (rows, index) => rows.filter((row) => row[index] !== null && row[this.x] !== null).map((row) => [row[this.x], percent * row[index]]);
    const raw = series(rows.points, column);
    const smoothed = choices.smooth ? smooth(raw, choices.smooth) : [];
    const published = this.x === EPOCH ? (this.data.published[measure] ?? []).map((y, index) => [index + 1, percent * y]) : [];
    const training = series(rows.epochs, column), validation = series(rows.epochs, heldBack);
    const lines = [
      ["raw", words.raw, raw],
      ["smoothed", words.smoothed, smoothed],
      ["published", words.published, published, true],
      ["training", words.training, training, true],
      ["validation", words.validation, validation, true],
    ].filter(([, , points]) => points.length);
    const seams = this.x === EPOCH ? state.seams ?? [] : [], chosen = this.x === EPOCH && this.line.chosen;
    const [first, last] = this.span();
    const [low, high] = this.heights(measure, lines, [first, last], logarithm);
    const level = (y) => (logarithm ? Math.log10(y) : y);
    const right = (x) => LEFT + ((x - first) / (last - first)) * (width - LEFT - RIGHT);
    const down = (y) => TOP + (1 - (level(y) - level(low)) / (level(high) - level(low))) * (height - TOP - BOTTOM);
    this.scale = { first, last, width, LEFT, RIGHT };
    const parts = [];
    const even = ticks(low, high, height / (3.6 * font)), round = logarithm ? decades(low, high) : even;
    for (const y of round.length > 1 ? round : even) {
      parts.push(line("grid", LEFT, down(y), width - RIGHT, down(y)), text("end", LEFT - font / 2, down(y) + font / 3, percent === 100 ? say(words.percent, { share: plain(y) }) : plain(y)));
    }
    for (const x of ticks(first, last, width / (7 * font)).filter((x) => this.zoom || this.x !== EPOCH || Number.isInteger(x))) parts.push(text("middle", right(x), height - font / 3, plain(x)));
    for (const seam of seams) parts.push(line("seam", right(seam), TOP, right(seam), height - BOTTOM));
    if (chosen) parts.push(line("chosen", right(chosen), TOP, right(chosen), height - BOTTOM));
    const clip = `curve-${measure}-${width}-${Math.round(height)}`;
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
    const label = say(this.x === EPOCH ? words.over_epochs : words.over_seconds, { name: words[measure], now: now === undefined ? "–" : now.toFixed(percent === 100 ? 0 : 2) });
    if (svg.getAttribute("aria-label") !== label) svg.setAttribute("aria-label", label);
    const marks = [...(seams.length ? [["seam", words.seam]] : []), ...(chosen ? [["chosen", words.chosen]] : [])];
    const names = [`<b>${words[measure]}</b>`, ...[...lines, ...marks].map(([kind, name]) => `<span class="${kind}">${name}</span>`)].join(" ");
    if (legend.innerHTML !== names) legend.innerHTML = names;
  }

  // From where to where the x axis goes: it holds what is looked at, else it has room for what is to come.
  span() {
    if (this.zoom) return this.zoom;
    const { rows } = this.line;
    const last = Math.max(0, ...[...rows.points.slice(-1), ...rows.epochs.slice(-1)].map((row) => row[this.x]));
    if (this.x === EPOCH && this.data.epochs <= 10) return [0, this.data.epochs];
    const end = ENDS.find((each) => each >= last) ?? last;
    return [0, this.x === EPOCH ? Math.min(end, Math.max(this.data.epochs, last)) : end];
  }

  // From where to where the y axis goes: the part where something happens. What is outside, the steep beginning, is cut.
  heights(measure, lines, [first, last], logarithm) {
    const inside = (points) => points.filter(([x, y]) => x >= first && x <= last && (!logarithm || y > 0)).map(([, y]) => y);
    const means = lines.filter(([kind]) => kind !== "raw" || lines.length === 1); // what is drawn pale may stand out
    const values = means.flatMap(([, , points]) => inside(points));
    if (!values.length) return measure === "accuracy" ? [50, 100] : [0.1, 2.5];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (this.zoom || logarithm) return low < high ? [low, high] : [low * 0.99, high * 1.01 + 1e-6];
    values.sort((a, b) => a - b);
    if (measure === "accuracy") {
      const usual = values[Math.floor(BEGINNING * values.length)], top = Math.min(100, FIVES * Math.ceil((high + 0.5) / FIVES));
      return [Math.max(0, Math.min(top - 2 * FIVES, FIVES * Math.floor((usual - 1) / FIVES))), top];
    }
    const usual = values[Math.floor(0.95 * (values.length - 1))]; // the first batches, which are far worse, may stand out above
    return [Math.max(0, low - 0.15 * (usual - low)), Math.max(usual * 1.05, low + 0.05)];
  }

  // Pointing shows the values; dragging with a mouse or two fingers looks closer.

  point(at) {
    if (at === this.at) return;
    this.at = at;
    this.show();
  }

  place(event, svg) {
    const { first, last, width, LEFT, RIGHT } = this.scale;
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
    const { points, epochs } = this.line.rows;
    return points.length ? points : epochs;
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
    const { x } = this, { rows } = this.line, { words } = this.data, { first, last, width, LEFT, RIGHT } = this.scale;
    const point = rows.points.find((row) => row[x] === this.at);
    const epoch = rows.epochs.filter((row) => row[x] <= this.at).at(-1);
    const shares = (row, accuracy, loss) => say(words.values, { share: say(words.percent, { share: (100 * row[accuracy]).toFixed(1) }), loss: (row[loss] ?? 0).toFixed(3) });
    const said = [];
    if (point) said.push(say(point[SECONDS] === null ? words.at_epoch : words.at_time, { epoch: point[EPOCH].toFixed(2), seconds: point[SECONDS]?.toFixed(1) }), shares(point, 2, 3));
    if (epoch) said.push(say(words.whole_epoch, { epoch: epoch[EPOCH], values: shares(epoch, 2, 3) }));
    if (epoch && epoch[4] !== null) said.push(say(words.held_back, { values: shares(epoch, 4, 5) }));
    write(this.tip, said.join("\n"));
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

// How curves are drawn: alike in all parts of the page.
function choose(change, whole = false) {
  Object.assign(choices, change);
  try {
    sessionStorage.setItem("curve", JSON.stringify(choices));
  } catch {} // then it lasts as long as the page
  for (const view of views.values()) {
    if (whole) view.zoom = view.at = null;
    view.show();
  }
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

const say = (words, fields) => words.replace(/\{(\w+)\}/g, (_, name) => fields[name]);
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
