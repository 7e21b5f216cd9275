// A photo becomes 28 x 28 dots: what is unlike the edge of the picture is the garment. The app itself looks harder.
// A drawing on pale paper that was photographed is read as a drawing.

"use strict";

const COLOURS_OF_EDGE = 4;
const UNLIKE = [2.2, 3.5, 5]; // distances from the edge's colours, in standard deviations, from which on it may be the garment
const LARGE = 0.25; // a part this large beside the largest one is kept

// RGBA bytes -> {image, cover, finding}; the finding is a word of PAGE.problems, or "".
function readPhoto(rgba, width, height) {
  const clear = 1 - sum(opaque(rgba)) / (width * height);
  const cutOut = clear > 0.02 && clear < 0.995;
  const mask = cutOut ? tidy(opaque(rgba), width, height) : garment(rgba, width, height);
  const cover = sum(mask) / mask.length;
  const finding = findingOf(mask, width, height, cover, cutOut);
  const whole = cover ? mask : mask.fill(1);
  return { image: toSquare(toned(rgba, whole), whole, width, height), cover, finding };
}

// Where the pen was, of 0 and 1, when the picture is a line drawing on pale paper; null when it is not. The light on the
// paper is divided out; the limits are those of core/vision/drawing.py.
function strokesOnPaper(rgba, w, h) {
  const [wide, high] = [w, h].map((side) => Math.max(1, Math.round(side / 4)));
  const reach = Math.max(1, Math.round(0.04 * Math.max(wide, high)));
  const channels = [0, 1, 2].map((c) => new Float32Array(w * h).map((_, i) => onWhite(rgba, i, c)));
  const lights = channels.map((channel) => {
    const lightest = around(resized(channel, w, h, wide, high), wide, high, reach, (values) => Math.max(...values));
    const paper = around(lightest, wide, high, reach, (values) => Math.min(...values));
    return resized(around(paper, wide, high, reach, mean), wide, high, w, h);
  });
  const lit = channels.map((channel, c) => channel.map((value, i) => Math.min(255, (255 * value) / Math.max(lights[c][i], 1))));
  const darkest = lit[0].map((value, i) => Math.min(value, lit[1][i], lit[2][i]));
  const share = (fits) => darkest.reduce((count, value) => count + fits(value), 0) / darkest.length;
  const drawn = share((value) => value < 175);
  if (share((value) => value > 235) < 0.65 || drawn < 0.002 || drawn > 0.3) return null;
  if (share((value) => value < 215) > 1.6 * drawn + 0.02) return null;
  const tones = lights.map(mean);
  if (Math.min(...tones) < 110 || Math.max(...tones) - Math.min(...tones) > 60) return null;
  const strokes = new Uint8Array(w * h).map((_, i) => darkest[i] < 175);
  const depth = distances(strokes, w, h, 0);
  const places = [...strokes.keys()].filter((i) => strokes[i]);
  const deep = places.filter((i) => depth[i] > 1);
  const spread = (values, middle = mean(values)) => Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  if (deep.length && Math.max(...lit.map((channel) => spread(deep.map((i) => channel[i])))) > 20) return null;
  const box = bounds(strokes, w, h);
  const thick = places.map((i) => depth[i]).sort((one, other) => one - other)[Math.floor(0.9 * places.length)];
  return thick < 0.05 * Math.max(box.width, box.height) ? strokes : null;
}

// What `join` makes of the numbers around each dot, so many to all sides: first along rows, then along columns.
function around(from, w, h, reach, join) {
  const rows = from.map((_, i) => join(from.subarray(Math.max(i - reach, i - (i % w)), Math.min(i + reach, i - (i % w) + w - 1) + 1)));
  const column = new Float32Array(h);
  const result = new Float32Array(w * h);
  for (let x = 0; x < w; x++) {
    for (let y = 0; y < h; y++) column[y] = rows[y * w + x];
    for (let y = 0; y < h; y++) result[y * w + x] = join(column.subarray(Math.max(y - reach, 0), y + reach + 1));
  }
  return result;
}

const opaque = (rgba) => new Uint8Array(rgba.length / 4).map((_, i) => rgba[4 * i + 3] > 127);

// Several first guesses, of which the most garment-like is kept; with 0 everywhere when none is.
function garment(rgba, width, height) {
  const lab = labOf(rgba, width, height);
  const colours = edgeColours(lab, width, height);
  const sound = colours.filter(({ share, central }) => central <= 0.25 || central <= 1.3 * share); // others run out of the picture
  let [best, most] = [new Uint8Array(width * height), 0];
  for (const used of sound.length && sound.length < colours.length ? [colours, sound] : [colours]) {
    const distance = lab.map((colour) => Math.min(...used.map((edge) => away(colour, edge))));
    for (const limit of UNLIKE) {
      const mask = tidy(new Uint8Array(width * height).map((_, i) => distance[i] > limit), width, height);
      const score = plausible(lab, mask, width, height);
      if (score > most) [best, most] = [mask, score];
    }
  }
  return best;
}

const away = (colour, { centre, scale }) => Math.hypot(...scale.map((s, c) => s * (colour[c] - centre[c])));

// The main colours of the picture's edge: centre, scale of a deviation, share of the edge and of the middle.
function edgeColours(lab, width, height) {
  const band = Math.max(2, Math.round(0.04 * Math.min(width, height)));
  const [edge, middle] = [[], []];
  lab.forEach((colour, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (Math.min(x, y, width - 1 - x, height - 1 - y) < band) edge.push(colour);
    if (Math.abs(x / width - 0.5) < 0.25 && Math.abs(y / height - 0.5) < 0.25) middle.push(colour);
  });
  const groups = clustered(edge).filter((group) => group.length >= 0.06 * edge.length);
  const centres = groups.map((group) => [0, 1, 2].map((c) => mean(group.map((colour) => colour[c]))));
  const nearest = middle.map((colour) => {
    const squares = centres.map((centre) => far(colour, centre));
    const least = Math.min(...squares);
    return least < 22 ** 2 ? squares.indexOf(least) : -1;
  });
  return groups.map((group, k) => {
    const spread = [0, 1, 2].map((c) => Math.sqrt(mean(group.map((colour) => (colour[c] - centres[k][c]) ** 2))));
    const least = Math.min(Math.max(2 * Math.max(...spread), 1.5), 4);
    const scale = spread.map((s, c) => (c ? 1 : 0.6) / Math.min(Math.max(s, least), 14)); // light changes less than colour
    const central = mean(nearest.map((one) => (one === k ? 1 : 0)));
    return { centre: centres[k], scale, share: group.length / edge.length, central };
  });
}

// How garment-like a cut is, 0 for not at all: apart in colour, in the middle, not cut by the frame; as in the app.
function plausible(lab, mask, width, height) {
  const share = mean(mask);
  if (share < 0.003 || share > 0.97) return 0;
  const [inside, outside] = [new Map(), new Map()];
  const [centre, rim] = [[], []];
  lab.forEach((colour, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const bin = (Math.floor(colour[0] / 13) * 64 + Math.floor(colour[1] / 8)) * 64 + Math.floor(colour[2] / 8);
    const counts = mask[i] ? inside : outside;
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
    if (Math.abs(x / width - 0.5) < 1 / 6 && Math.abs(y / height - 0.5) < 1 / 6) centre.push(mask[i]);
    if (Math.min(x, y, width - 1 - x, height - 1 - y) < 2) rim.push(mask[i]);
  });
  const within = sum(mask);
  let alike = 0;
  for (const [bin, count] of inside) alike += Math.sqrt((count / within) * ((outside.get(bin) ?? 0) / (mask.length - within)));
  const solid = Math.min(1, within / Math.max(hullArea(mask, width, height), 1));
  return (1 - alike) * (0.2 + mean(centre)) * (1 - 0.8 * mean(rim)) * (0.3 + solid) * Math.min(1, share / 0.15);
}

const far = (one, other) => (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2;

// Colours in groups: each begins with the one that is farthest from all others (k-means).
function clustered(colours) {
  let centres = [colours[0].map((_, c) => mean(colours.map((colour) => colour[c])))];
  while (centres.length < COLOURS_OF_EDGE) {
    const distance = (colour) => Math.min(...centres.map((centre) => far(colour, centre)));
    centres.push(colours.reduce((one, other) => (distance(other) > distance(one) ? other : one)));
  }
  let groups = [];
  for (let round = 0; round < 8; round++) {
    groups = centres.map(() => []);
    for (const colour of colours) {
      const distance = centres.map((centre) => far(colour, centre));
      groups[distance.indexOf(Math.min(...distance))].push(colour);
    }
    centres = groups.map((group, k) => (group.length ? [0, 1, 2].map((c) => mean(group.map((colour) => colour[c]))) : centres[k]));
  }
  return groups;
}

// Every dot in L*a*b*, each from 0 to 255, a little softened.
function labOf(rgba, width, height) {
  const linear = (value) => (value > 10.314 ? ((value / 255 + 0.055) / 1.055) ** 2.4 : value / 255 / 12.92);
  const root = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const channels = [0, 1, 2].map((c) => blurred(new Float32Array(width * height).map((_, i) => onWhite(rgba, i, c)), width, height));
  return Array.from({ length: width * height }, (_, i) => {
    const near = [i % width, Math.floor(i / width)].every((at, axis) => at > 3 && at < (axis ? height : width) - 4);
    const [r, g, b] = channels.map((channel, c) => linear(near ? channel[i] : onWhite(rgba, i, c)));
    const x = root((0.4125 * r + 0.3576 * g + 0.1804 * b) / 0.9505);
    const y = root(0.2127 * r + 0.7152 * g + 0.0722 * b);
    const z = root((0.0193 * r + 0.1192 * g + 0.9502 * b) / 1.089);
    return [2.55 * (116 * y - 16), 500 * (x - y), 200 * (y - z)];
  });
}

const onWhite = (rgba, i, c) => 255 + ((rgba[4 * i + c] - 255) * rgba[4 * i + 3]) / 255;

// Without specks and hairlines, small holes filled, only the main part or parts.
function tidy(mask, w, h) {
  const reach = Math.max(1, Math.round(Math.max(w, h) / 160));
  const near = (from, value) => distances(from, w, h, value).map((distance) => distance <= reach);
  const grown = (from) => Uint8Array.from(near(from, 1));
  const shrunk = (from) => Uint8Array.from(near(from, 0)).map((edge) => 1 - edge);
  const cleaned = shrunk(grown(grown(shrunk(mask))));
  const found = largeParts(cleaned, w, h);
  const kept = new Uint8Array(w * h);
  for (const part of found) part.forEach((i) => (kept[i] = 1));
  const limit = 0.02 * sum(kept);
  for (const hole of parts(kept.map((one) => 1 - one), w, h, false)) {
    const open = hole.some((i) => i % w === 0 || i % w === w - 1 || i < w || i >= w * (h - 1));
    if (!open && hole.length < limit) hole.forEach((i) => (kept[i] = 1));
  }
  return kept;
}

function largeParts(mask, w, h) {
  const found = parts(mask, w, h, true).sort((one, other) => other.length - one.length);
  return found.filter((part) => part.length >= LARGE * found[0].length);
}

// Why no single garment is in the picture, by the limits of core/vision/quality.py.
function findingOf(mask, w, h, cover, cutOut) {
  if (!cover) return "nothing";
  if (cover > 0.93) return cutOut ? "" : "fills";
  if (cover < 0.02) return "small";
  const rim = [...mask.keys()].filter((i) => i % w === 0 || i % w === w - 1 || i < w || i >= w * (h - 1));
  if (!cutOut && mean(rim.map((i) => mask[i])) > 0.7) return "background";
  const count = largeParts(mask, w, h).length;
  return count > 2 ? "several" : count === 2 ? "two" : "";
}

// Light and dark swapped, stretched so that its mean comes near the data set's, as core/vision/normalise.py does it.
function toned(rgba, mask) {
  const grey = new Float32Array(mask.length).map((_, i) => {
    const [r, g, b] = [0, 1, 2].map((c) => Math.round(onWhite(rgba, i, c)));
    return 255 - Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  });
  const pixels = grey.filter((_, i) => mask[i]);
  const middle = mean(pixels);
  const spread = Math.sqrt(mean(pixels.map((value) => (value - middle) ** 2)));
  const gain = Math.min(Math.max(38 / Math.max(spread, 1), 0.8), 2);
  const tone = (value) => Math.floor(Math.min(Math.max((value - middle) * gain + 0.4 * middle + 0.6 * 150, 24), 255));
  return grey.map((value, i) => (mask[i] ? tone(value) : 0));
}

const mean = (numbers) => sum(numbers) / numbers.length;
