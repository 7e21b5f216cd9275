// A drawing, or a photo, becomes 28 x 28 dots as the network knows them: 0 is the background, the longest side is 28.
//
// Drawings are read exactly as core/vision/drawing.py and normalise.py do it. Photos are read more simply than in the
// app: what is unlike the edge of the picture is the garment. Masks are Uint8Array of 0 and 1, row by row.

"use strict";

const SIDE = 28;
const FILL = 150;
const LINE = 240; // tones of the inside and of the strokes of a drawing
const GAPS = [0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.155, 0.19, 0.235, 0.29, 0.36, 0.4];
const even = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)); // as Python rounds

// Strokes, where a pen was, (height x width) -> {image: 784 dots, cover: share of the paper}.
function readStrokes(strokes, width, height) {
  const box = bounds(strokes, width, height);
  const side = Math.max(box.width, box.height);
  const margin = Math.floor(side / 3) + 2;
  const [w, h] = [box.width + 2 * margin, box.height + 2 * margin];
  const lines = new Uint8Array(w * h);
  for (let y = 0; y < box.height; y++) {
    const row = (box.top + y) * width + box.left;
    lines.set(strokes.subarray(row, row + box.width), (margin + y) * w + margin);
  }
  const inside = filled(lines, w, h, side);
  const tones = lines.map((line, i) => (line ? LINE : inside[i] ? FILL : 0));
  const mask = lines.map((line, i) => line | inside[i]);
  return { image: toSquare(tones, mask, w, h), cover: sum(mask) / (width * height) };
}

// The lines and what they enclose, small gaps closed: where a wide space has a narrower mouth, the mouth was a gap.
function filled(lines, w, h, side) {
  const distance = distances(lines, w, h, 1);
  const inside = enclosed(lines, w, h);
  const bridged = GAPS.map((gap) => {
    const radius = (gap * side) / 2;
    const wide = enclosed(lines.map((_, i) => distance[i] <= radius), w, h);
    const depth = distances(wide, w, h, 0);
    return lines.map((line, i) => (depth[i] > radius || line ? 1 : 0));
  });
  GAPS.forEach((gap, place) => {
    const deep = 1.15 * ((gap * side) / 2) + 1;
    const added = bridged[place].map((one, i) => one & ~inside[i] & 1);
    const large = parts(added, w, h, false).filter((part) => part.length > 2.5 * deep * deep); // others cannot be as deep
    if (!large.length) return;
    const depth = distances(added, w, h, 0);
    for (const part of large) if (part.some((i) => depth[i] > deep)) part.forEach((i) => (inside[i] = 1));
  });
  const enough = 0.5 * hullArea(lines, w, h);
  for (const wider of bridged) {
    if (sum(inside) >= enough) break;
    wider.forEach((one, i) => (inside[i] |= one));
  }
  return inside;
}

// Everything that cannot be reached from the corner over zeros, up, down and sideways.
function enclosed(lines, w, h) {
  const result = new Uint8Array(w * h).fill(1);
  const waiting = new Int32Array(w * h);
  let count = 1;
  result[0] = 0;
  const reach = (i) => {
    if (!result[i] || lines[i]) return;
    result[i] = 0;
    waiting[count++] = i;
  };
  while (count) {
    const i = waiting[--count];
    const x = i % w;
    if (x) reach(i - 1);
    if (x < w - 1) reach(i + 1);
    if (i >= w) reach(i - w);
    if (i < w * (h - 1)) reach(i + w);
  }
  return result;
}

// How far each dot is from the next one of a value, in steps to neighbours (OpenCV's DIST_L2 with a mask of 5).
function distances(mask, w, h, value) {
  const [straight, across, long] = [1, 1.4, 2.1969].map((length) => Math.round(65536 * length));
  const W = w + 4; // two dots of nothing all round
  const d = new Int32Array(W * (h + 4)).fill(0x3fffffff);
  const least = (i, s) => {
    const near = Math.min(d[i - s], d[i - s * W]) + straight;
    const over = Math.min(d[i - s * (W + 1)], d[i - s * (W - 1)]) + across;
    const far = Math.min(d[i - s * (W + 2)], d[i - s * (W - 2)], d[i - s * (2 * W + 1)], d[i - s * (2 * W - 1)]) + long;
    return Math.min(d[i], near, over, far);
  };
  for (let y = 0, place = 0; y < h; y++) {
    for (let x = 0, i = (y + 2) * W + 2; x < w; x++, i++) d[i] = mask[place++] === value ? 0 : least(i, 1);
  }
  const result = new Float32Array(w * h);
  for (let y = h - 1, place = w * h - 1; y >= 0; y--) {
    for (let x = w - 1, i = (y + 2) * W + 2 + x; x >= 0; x--, i--) {
      if (d[i]) d[i] = least(i, -1);
      result[place--] = d[i] / 65536;
    }
  }
  return result;
}

// The connected parts of a mask, each a list of places; with corners also over corners.
function parts(mask, w, h, corners) {
  const left = mask.slice();
  const found = [];
  for (let start = 0; start < left.length; start++) {
    if (!left[start]) continue;
    const part = [start];
    left[start] = 0;
    for (let at = 0; at < part.length; at++) {
      const x = part[at] % w;
      const y = (part[at] - x) / w;
      for (let down = Math.max(y - 1, 0); down <= Math.min(y + 1, h - 1); down++) {
        for (let across = Math.max(x - 1, 0); across <= Math.min(x + 1, w - 1); across++) {
          const next = down * w + across;
          if (!left[next] || (!corners && down !== y && across !== x)) continue;
          left[next] = 0;
          part.push(next);
        }
      }
    }
    found.push(part);
  }
  return found;
}

// The area of a mask's convex hull (Andrew's monotone chain).
function hullArea(mask, w, h) {
  const points = [];
  for (let x = 0; x < w; x++) {
    for (let y = 0; y < h; y++) if (mask[y * w + x]) points.push([x, y]);
  }
  const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  const half = (row) => {
    const chain = [];
    for (const point of row) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  const hull = [...half(points), ...half(points.toReversed ? points.toReversed() : [...points].reverse())];
  const twice = hull.reduce((area, [x, y], i) => {
    const [nextX, nextY] = hull[(i + 1) % hull.length];
    return area + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

// Crop to the mask, longest side to 28, a little sharper, in the middle of 0: 784 dots.
function toSquare(tones, mask, width, height) {
  const box = bounds(mask, width, height);
  const scale = SIDE / Math.max(box.width, box.height);
  const [w, h] = [box.width, box.height].map((side) => Math.max(1, even(side * scale)));
  const cropped = (from) => {
    const part = new Float32Array(box.width * box.height);
    for (let y = 0; y < box.height; y++) {
      for (let x = 0; x < box.width; x++) {
        const i = (box.top + y) * width + box.left + x;
        part[y * box.width + x] = mask[i] ? from[i] : 0;
      }
    }
    return resized(part, box.width, box.height, w, h);
  };
  const [small, weight] = [cropped(tones), cropped(mask)];
  const soft = blurred(small, w, h);
  const image = new Uint8Array(SIDE * SIDE);
  const [top, left] = [(SIDE - h) >> 1, (SIDE - w) >> 1];
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = y * w + x;
      const sharp = small[i] + 0.4 * (small[i] - soft[i]);
      if (weight[i] > 0.25) image[(top + y) * SIDE + left + x] = even(Math.min(Math.max(sharp, 8), 255));
    }
  }
  return image;
}

// A picture at another size: made smaller each dot is the mean of those below it, made larger it lies between four.
function resized(from, width, height, w, h) {
  const rows = axis(height, h);
  const columns = axis(width, w);
  const result = new Float32Array(w * h);
  rows.forEach((down, y) => {
    columns.forEach((across, x) => {
      let value = 0;
      for (const [row, share] of down) for (const [column, part] of across) value += share * part * from[row * width + column];
      result[y * w + x] = value;
    });
  });
  return result;
}

// For each dot of the new side: dots of the old one with their shares.
function axis(old, side) {
  const scale = old / side;
  return Array.from({ length: side }, (_, i) => {
    if (scale < 1) {
      const at = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), old - 1);
      const first = Math.min(Math.floor(at), old - 1);
      return [[first, 1 - (at - first)], [Math.min(first + 1, old - 1), at - first]];
    }
    const [begin, end] = [i * scale, Math.min((i + 1) * scale, old)];
    const shares = [];
    for (let dot = Math.floor(begin + 1e-3); dot < end - 1e-3; dot++) {
      shares.push([dot, (Math.min(dot + 1, end) - Math.max(dot, begin)) / (end - begin)]);
    }
    return shares;
  });
}

// Softened, with a deviation of one dot and nothing beyond the edge.
function blurred(from, w, h) {
  const bell = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((x) => Math.exp((-x * x) / 2));
  const total = bell.reduce((one, other) => one + other);
  const along = (source, step, position, side) =>
    source.map((_, i) => {
      const at = position(i);
      let value = 0;
      for (let k = -4; k <= 4; k++) if (at + k >= 0 && at + k < side) value += bell[k + 4] * source[i + k * step];
      return value / total;
    });
  return along(along(from, 1, (i) => i % w, w), w, (i) => Math.floor(i / w), h);
}

function bounds(mask, width, height) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < width * height; i++) {
    if (!mask[i]) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

const sum = (numbers) => numbers.reduce((total, value) => total + value, 0);
