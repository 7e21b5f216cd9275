// A kernel that slides over a picture: a film that can be paused, a window that can be dragged, and what it works out.

const SIDE = 28, OUT = 26, PACE = 70; // dots; milliseconds a step of the film
const views = new WeakMap();

export default function ({ data, parentElement }) {
  if (!views.has(parentElement)) views.set(parentElement, new View(parentElement, data.words));
  const view = views.get(parentElement);
  view.update(data);
  return () => {
    view.close();
    views.delete(parentElement);
  };
}

class View {
  constructor(root, words) {
    this.x = 6;
    this.y = 8;
    this.root = make(root, "div", "kernel");
    const pictures = make(this.root, "div", "kernel-pictures");
    [this.before, this.window] = frame(pictures, words.picture, SIDE, 3);
    [this.after, this.dot] = frame(pictures, words.result, OUT, 1);
    const tools = make(this.root, "div", "kernel-tools");
    this.button = make(tools, "button");
    this.button.type = "button";
    this.button.onclick = () => this.play(!this.playing);
    [this.row, this.column] = [words.row, words.column].map((name) => {
      const slider = make(make(tools, "label", "", name), "input");
      Object.assign(slider, { type: "range", min: 0, max: OUT - 1 });
      slider.oninput = () => this.stand(Number(this.column.value), Number(this.row.value));
      return slider;
    });
    const sum = make(this.root, "div", "kernel-sum");
    this.tables = [words.dots, words.kernel, words.products].map((name, index) => {
      if (index) make(sum, "b", "", index === 1 ? "×" : "=");
      const figure = make(sum, "figure");
      const cells = make(figure, "div");
      make(figure, "figcaption", "", name);
      return Array.from({ length: 9 }, () => make(cells, "span"));
    });
    make(sum, "b", "", "→");
    const total = make(sum, "figure");
    this.total = make(total, "strong");
    make(total, "figcaption", "", words.sum);
    this.drag = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = event.currentTarget.getBoundingClientRect();
      const dots = event.currentTarget.contains(this.before) ? SIDE : OUT;
      const at = (place) => Math.max(0, Math.min(OUT - 1, Math.floor(place * dots - (dots - OUT) / 2)));
      this.stand(at((event.clientX - box.left) / box.width), at((event.clientY - box.top) / box.height));
    };
    for (const canvas of [this.before, this.after]) {
      canvas.parentElement.onpointerdown = canvas.parentElement.onpointermove = this.drag;
    }
    this.words = words;
    this.play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  close() {
    clearInterval(this.timer);
    this.root.remove();
  }

  update({ image, weights, words }) {
    Object.assign(this, { image, weights, words });
    const out = Array.from({ length: OUT * OUT }, (_, place) => this.at(place % OUT, Math.floor(place / OUT)).total);
    const most = Math.max(...out.map(Math.abs)) || 1;
    const signed = Math.min(...out) < 0;
    this.out = out.map((value) => (signed ? 127.5 + (127.5 * value) / most : (255 * value) / most));
    paint(this.before, image);
    this.draw();
  }

  play(playing) {
    clearInterval(this.timer);
    this.playing = playing;
    this.button.textContent = playing ? `❚❚ ${this.words.pause}` : `▶ ${this.words.play}`;
    if (playing) this.timer = setInterval(() => this.step(), PACE);
  }

  step() {
    const next = (this.y * OUT + this.x + 1) % (OUT * OUT);
    this.x = next % OUT;
    this.y = Math.floor(next / OUT);
    this.draw();
  }

  stand(x, y) {
    if (this.playing) this.play(false);
    Object.assign(this, { x, y });
    this.draw();
  }

  at(x, y) {
    const dots = Array.from({ length: 9 }, (_, n) => this.image[(y + Math.floor(n / 3)) * SIDE + x + (n % 3)] / 255);
    const products = dots.map((dot, n) => dot * this.weights[n]);
    return { dots, products, total: products.reduce((sum, each) => sum + each, 0) };
  }

  draw() {
    const { x, y } = this;
    const { dots, products, total } = this.at(x, y);
    place(this.window, x, y, SIDE);
    place(this.dot, x, y, OUT);
    paint(this.after, this.out, y * OUT + x);
    this.row.value = y;
    this.column.value = x;
    [dots, this.weights, products].forEach((values, index) =>
      values.forEach((value, n) => {
        const cell = this.tables[index][n];
        cell.textContent = value.toFixed(2);
        if (index === 0) cell.style.cssText = `background:rgb(${Array(3).fill(Math.round(255 * value))});color:${value > 0.45 ? "#000" : "#fff"}`;
      }),
    );
    this.total.textContent = total.toFixed(2);
  }
}

function frame(parent, words, side, window) {
  const figure = make(parent, "figure");
  const box = make(figure, "div");
  const canvas = make(box, "canvas");
  canvas.width = canvas.height = side;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  const mark = make(box, "i");
  mark.style.width = mark.style.height = `${(100 * window) / side}%`;
  make(figure, "figcaption", "", words);
  return [canvas, mark];
}

function place(mark, x, y, side) {
  mark.style.left = `${(100 * x) / side}%`;
  mark.style.top = `${(100 * y) / side}%`;
}

// What the window has not come to yet is dim.
function paint(canvas, values, last = Infinity) {
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(canvas.width, canvas.height);
  values.forEach((value, n) => picture.data.set([value, value, value, n <= last ? 255 : 90], 4 * n));
  pen.putImageData(picture, 0, 0);
}

function make(parent, kind, look = "", words = "") {
  const made = document.createElement(kind);
  if (look) made.className = look;
  if (words) made.textContent = words;
  return parent.appendChild(made);
}
