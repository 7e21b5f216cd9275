// The page: paper to draw on, photos from a file, the camera, the clipboard or dropped, and the answer with its ten bars.

"use strict";

const PAPER = 320; // dots of the paper, as in the app; it is shown in twice as many
const WORKING = 192; // longest side of a photo in which the garment is looked for
const PAINTED = 60; // of 255: how dark ink is that counts
const FEWEST = 12; // dots of ink below which nothing is drawn yet

const at = (id) => document.getElementById(id);
const paper = at("paper").getContext("2d");
const small = Object.assign(document.createElement("canvas"), { width: PAPER, height: PAPER }).getContext("2d", { willReadFrequently: true });
let strokes = []; // {size, points: [[x, y], ...]} in dots of the paper
let photo = null; // the picture that lies on the paper instead
let turn = 0; // an answer that comes after a newer question is dropped
at("paper").width = at("paper").height = 2 * PAPER;

// ---- drawing

function ink(context, scale) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, PAPER, PAPER);
  Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: "#1d1a16" });
  for (const { size, points } of strokes) {
    context.lineWidth = size;
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) context.lineTo(...point);
    context.stroke();
  }
}

function draw(next) {
  strokes = next;
  photo = null;
  ink(paper, 2);
  for (const id of ["undo", "clear"]) at(id).disabled = !strokes.length;
  at("hint").textContent = PAGE.words.hint;
}

// Where there is ink on the paper: PAPER x PAPER of 0 and 1.
function inked() {
  ink(small, 1);
  const { data } = small.getImageData(0, 0, PAPER, PAPER);
  return new Uint8Array(PAPER * PAPER).map((_, i) => data[4 * i + 3] > PAINTED);
}

async function readPaper() {
  const mask = inked();
  if (sum(mask) < FEWEST) blank();
  else await showStrokes(mask, PAPER, PAPER);
}

async function showStrokes(strokes, width, height) {
  const { image, cover } = readStrokes(strokes, width, height);
  await show(image, "drawing", cover < 0.01 ? "drawing" : "");
}

function blank() {
  turn++;
  at("seen").getContext("2d").clearRect(0, 0, SIDE, SIDE);
  at("verdict").textContent = at("reason").textContent = at("tip").textContent = "";
  at("said").textContent = "…";
  at("bars").replaceChildren();
  at("simpler").hidden = true;
}

let drawing = null; // the pointer that draws
at("paper").addEventListener("pointerdown", (event) => {
  if (drawing !== null || event.button) return;
  event.preventDefault();
  drawing = event.pointerId;
  at("paper").setPointerCapture(drawing);
  const size = Number(document.querySelector("[name=pen]:checked").value);
  const fresh = photo || example; // the example makes room for what one draws oneself
  example = false;
  draw([...(fresh ? [] : strokes), { size, points: [placed(event)] }]);
});
at("paper").addEventListener("pointermove", (event) => {
  if (event.pointerId !== drawing) return;
  const moved = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).points.push(...(moved.length ? moved : [event]).map(placed));
  ink(paper, 2);
});
for (const end of ["pointerup", "pointercancel"]) {
  at("paper").addEventListener(end, (event) => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    readPaper();
  });
}

function placed(event) {
  const box = at("paper").getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * PAPER, ((event.clientY - box.top) / box.height) * PAPER];
}

at("undo").addEventListener("click", () => (draw(strokes.slice(0, -1)), readPaper()));
at("clear").addEventListener("click", () => (draw([]), readPaper()));

// ---- photos

async function bring(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    draw([]);
    example = false;
    blank();
    at("reason").textContent = PAGE.words.unreadable;
    return;
  }
  draw([]);
  photo = picture;
  example = false;
  lay(picture);
  at("clear").disabled = false;
  const large = pixels(picture, PAPER);
  const strokes = strokesOnPaper(large.data, large.width, large.height);
  if (strokes) return showStrokes(strokes, large.width, large.height);
  const { data, width, height } = pixels(picture, WORKING);
  const { image, finding } = readPhoto(data, width, height);
  await show(image, "photo", finding);
}

// A picture with its longest side at most so many dots.
function pixels(picture, longest) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
  canvas.imageSmoothingQuality = "high";
  canvas.drawImage(picture, 0, 0, width, height);
  return canvas.getImageData(0, 0, width, height);
}

function lay(picture) {
  const fit = PAPER / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * fit, picture.height * fit];
  paper.imageSmoothingQuality = "high";
  paper.drawImage(picture, (PAPER - width) / 2, (PAPER - height) / 2, width, height);
}

for (const id of ["file", "camera"]) {
  at(id).addEventListener("change", ({ target }) => {
    if (target.files.length) bring(target.files[0]);
    target.value = "";
  });
}
addEventListener("paste", (event) => bringFirst(event, event.clipboardData));
addEventListener("dragover", (event) => (event.preventDefault(), document.body.classList.add("over")));
addEventListener("dragleave", () => document.body.classList.remove("over"));
addEventListener("drop", (event) => (document.body.classList.remove("over"), bringFirst(event, event.dataTransfer)));

function bringFirst(event, brought) {
  event.preventDefault();
  const file = [...(brought?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) bring(file);
}

// ---- the answer

async function show(image, kind, finding) {
  const asked = ++turn;
  const shares = await answer(image);
  if (asked !== turn) return;
  const pixels = at("seen").getContext("2d").createImageData(SIDE, SIDE);
  image.forEach((tone, i) => pixels.data.set([tone, tone, tone, 255], 4 * i));
  at("seen").getContext("2d").putImageData(pixels, 0, 0);
  const order = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
  const { verdict, reason, tip } = judged(shares, order, kind, finding);
  const name = verdict === "none" ? PAGE.words.else : PAGE.names[order[0]];
  at("verdict").textContent = PAGE.signs[verdict];
  at("verdict").className = `verdict ${verdict}`;
  at("said").textContent = ["sure", "none"].includes(verdict) ? name : fill(PAGE.words.doubtful, { name });
  at("reason").textContent = fill(PAGE.words.sentence, { sentence: reason[0].toUpperCase() + reason.slice(1) });
  at("tip").textContent = tip;
  at("simpler").hidden = kind !== "photo";
  at("bars").replaceChildren(...order.map((index, place) => bar(index, shares[index], place === 0)));
}

// How far an answer can be trusted, as core/inference/verdict.py says it.
function judged(shares, [first, second], kind, finding) {
  const words = PAGE.words;
  const [garment, other, share] = [PAGE.names[first], PAGE.names[second], shares[first]];
  if (finding) return { verdict: "unclear", reason: fill(words.unclear, { problem: PAGE.problems[finding][0] }), tip: PAGE.problems[finding][1] };
  const limits = PAGE.thresholds[kind];
  if (!limits) return { verdict: "unsure", reason: PAGE.guess[kind], tip: PAGE.ask[kind] };
  if (share >= limits.sure) return { verdict: "sure", reason: fill(words.certainty, { percent: percent(share), garment }), tip: "" };
  const tip = PAGE.tips[kind];
  if (share < limits.none) return { verdict: "none", reason: words.none, tip: `${words.known} ${tip}` };
  return { verdict: "unsure", reason: fill(words.doubt, { garment, other }), tip: `${PAGE.described[first]} ${PAGE.described[second]} ${tip}` };
}

function bar(index, share, top) {
  const row = document.createElement("div");
  row.className = top ? "top" : "";
  row.style.setProperty("--share", share.toFixed(4));
  row.style.setProperty("--class", PAGE.colours[index]);
  const [name, value, line, amount] = ["dt", "dd", "i", "b"].map((tag) => document.createElement(tag));
  name.textContent = PAGE.names[index];
  amount.textContent = percent(share);
  value.append(line, amount);
  row.append(name, value);
  return row;
}

const percent = (share) => fill(PAGE.words.percent, { n: even(100 * share) });
const fill = (words, fields) => words.replace(/\{(\w+)\}/g, (_, field) => fields[field]);

// ---- examples

let example = true;

function trace(label) {
  draw(PAGE.outlines[label].map((points) => ({ size: 10, points })));
  example = true;
  return readPaper();
}

function sample(index, picture, open) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(picture, PAGE.names[index]);
  button.addEventListener("click", open);
  at("samples").append(button);
}

PAGE.names.forEach((_, label) => {
  draw(PAGE.outlines[label].map((points) => ({ size: 10, points })));
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 160 });
  canvas.getContext("2d").drawImage(at("paper"), 0, 0, 160, 160);
  sample(label, canvas, () => trace(label));
});
for (const { label, jpeg } of PAGE.photos) {
  const file = new Blob([bytesOf(jpeg)], { type: "image/jpeg" });
  const picture = Object.assign(new Image(), { src: `data:image/jpeg;base64,${jpeg}`, alt: "" });
  sample(label, picture, () => bring(file));
}
draw([]);
NUMBERS.then(
  () => trace(PAGE.first),
  () => (at("reason").textContent = PAGE.words.old),
);
