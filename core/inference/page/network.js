// The network: its numbers unpacked, and its steps carried out one after the other, on one picture.
//
// `await answer(pixels)` takes 784 numbers from 0 to 255, row by row, 0 the background, and gives the ten
// probabilities that the app gives, in the order of PAGE.names. It can be called from the browser's console.

"use strict";

const PAGE = JSON.parse(document.getElementById("page").textContent);

// The learned numbers as Float32Array: packed as the first bytes of all, then the second bytes of all, ...; see web_page.py.
const NUMBERS = (async () => {
  const packed = bytesOf(document.getElementById("numbers").textContent);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = bytes.length / 4;
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    words[i] = bytes[i] | (bytes[count + i] << 8) | (bytes[2 * count + i] << 16) | (bytes[3 * count + i] << 24);
  }
  return new Float32Array(words.buffer);
})();

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function answer(pixels) {
  return calibrated(await outputs(pixels), PAGE.temperature);
}

// The network's own ten outputs; sigmoids need not add up to 1.
async function outputs(pixels) {
  const numbers = await NUMBERS;
  const learned = ([begin, shape]) => ({ shape, data: numbers.subarray(begin, begin + size(shape)) });
  const values = [{ shape: [1, 28, 28], data: Float32Array.from(pixels) }];
  for (const step of PAGE.steps) {
    const data = DO[step.do](step.of.map((place) => values[place]), step, learned);
    const then = THEN[step.then];
    values.push({ shape: step.shape, data: then ? data.map(then) : data });
  }
  return values.at(-1).data;
}

// Shares of 1 at a temperature, as core/metrics.py works them out.
function calibrated(raw, temperature) {
  const powered = Array.from(raw, (value) => Math.max(value, 1e-12) ** (1 / temperature));
  const total = powered.reduce((sum, value) => sum + value, 0);
  return powered.map((value) => value / total);
}

const size = (shape) => shape.reduce((product, side) => product * side, 1);
const relu = (value) => Math.max(value, 0);
const THEN = { relu, relu6: (value) => Math.min(Math.max(value, 0), 6) };

// What each kind of step does: values in, [{shape, data}], numbers out. Pictures lie as (1, height, width, channels).
const DO = {
  add: (from, step, learned) => joined(from, step, learned, (one, other) => one + other),
  subtract: (from, step, learned) => joined(from, step, learned, (one, other) => one - other),
  multiply: (from, step, learned) => joined(from, step, learned, (one, other) => one * other),
  divide: (from, step, learned) => joined(from, step, learned, (one, other) => one / other),
  reshape: ([from]) => from.data,
  relu: ([from]) => from.data.map(relu),
  sigmoid: ([from]) => from.data.map((value) => 1 / (1 + Math.exp(-value))),

  softmax([from], { beta }) {
    const most = Math.max(...from.data);
    const powers = Array.from(from.data, (value) => Math.exp(beta * (value - most)));
    const total = powers.reduce((sum, value) => sum + value, 0);
    return Float32Array.from(powers, (value) => value / total);
  },

  dense([from], step, learned) {
    const weights = learned(step.weights);
    const bias = step.bias && learned(step.bias).data;
    const [neurons, inputs] = weights.shape;
    const result = new Float32Array(neurons);
    for (let neuron = 0; neuron < neurons; neuron++) {
      let sum = bias ? bias[neuron] : 0;
      for (let i = 0, w = neuron * inputs; i < inputs; i++) sum += from.data[i] * weights.data[w + i];
      result[neuron] = sum;
    }
    return result;
  },

  convolve([from], step, learned) {
    const weights = learned(step.weights);
    const bias = step.bias && learned(step.bias).data;
    const [filters, high, wide, channels] = weights.shape;
    const [, height, width] = from.shape;
    const result = new Float32Array(size(step.shape));
    let place = 0;
    windows(from.shape, step, high, wide, (top, left) => {
      const first = Math.max(0, -left);
      const run = (Math.min(wide, width - left) - first) * channels; // dots side by side, in picture and filter
      for (let filter = 0; filter < filters; filter++) {
        let sum = bias ? bias[filter] : 0;
        for (let y = Math.max(0, -top); y < Math.min(high, height - top); y++) {
          let dot = ((top + y) * width + left + first) * channels;
          let weight = ((filter * high + y) * wide + first) * channels;
          for (const end = dot + run; dot < end; dot++, weight++) sum += from.data[dot] * weights.data[weight];
        }
        result[place++] = sum;
      }
    });
    return result;
  },

  largest([from], step) {
    const [, height, width, channels] = from.shape;
    const [high, wide] = step.size;
    const result = new Float32Array(size(step.shape)).fill(-Infinity);
    let place = 0;
    windows(from.shape, step, high, wide, (top, left) => {
      for (let y = Math.max(0, top); y < Math.min(top + high, height); y++) {
        for (let x = Math.max(0, left); x < Math.min(left + wide, width); x++) {
          const dot = (y * width + x) * channels;
          for (let c = 0; c < channels; c++) result[place + c] = Math.max(result[place + c], from.data[dot + c]);
        }
      }
      place += channels;
    });
    return result;
  },

  average([from], step) {
    const axes = step.axes.map((axis) => (axis + from.shape.length) % from.shape.length);
    const kept = from.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
    const sums = new Float64Array(size(kept));
    let place = 0;
    each(from.shape, (index) => (sums[offset(kept, index.map((i, axis) => (axes.includes(axis) ? 0 : i)))] += from.data[place++]));
    return Float32Array.from(sums, (sum) => (sum * sums.length) / from.data.length);
  },

  transpose: ([from], step) => moved(from, step.shape, (index) => step.axes.map((_, axis) => index[step.axes.indexOf(axis)])),
  crop: ([from], step) => moved(from, step.shape, (index) => index.map((i, axis) => i + step.begin[axis])),
  pad: ([from], step) => moved(from, step.shape, (index) => index.map((i, axis) => i - step.edges[axis][0])),
  reverse: ([from], step) =>
    moved(from, step.shape, (index) => index.map((i, axis) => (step.axes.includes(axis) ? from.shape[axis] - 1 - i : i))),

  resize([from], step) {
    const [, height, width, channels] = from.shape;
    const [, down, across] = step.shape;
    const between = (i, count, side) => {
      const at = Math.min(Math.max(((i + 0.5) * side) / count - 0.5, 0), side - 1);
      return [Math.floor(at), Math.min(Math.floor(at) + 1, side - 1), at - Math.floor(at)];
    };
    const result = new Float32Array(size(step.shape));
    each(step.shape, ([, y, x, c], place) => {
      const [top, bottom, low] = between(y, down, height);
      const [left, right, near] = between(x, across, width);
      const dot = (row, column) => from.data[(row * width + column) * channels + c];
      const upper = dot(top, left) * (1 - near) + dot(top, right) * near;
      const lower = dot(bottom, left) * (1 - near) + dot(bottom, right) * near;
      result[place] = upper * (1 - low) + lower * low;
    });
    return result;
  },
};

// Two values, or a value and learned numbers, joined number by number; the shorter one is repeated.
function joined(from, step, learned, join) {
  const others = step.with ? learned(step.with) : from[1];
  const [one, other] = step.with && !step.first ? [others, from[0]] : [from[0], others];
  const result = new Float32Array(size(step.shape));
  const [m, n] = [one.data.length, other.data.length];
  return result.map((_, i) => join(one.data[i % m], other.data[i % n]));
}

// Calls `visit(top, left)` for each place of a window on a picture, row by row; outside the picture is nothing.
function windows([, height, width], step, high, wide, visit) {
  const [, down, across] = step.shape;
  const edge = (count, stride, window, side) => (step.same ? Math.max((count - 1) * stride + window - side, 0) >> 1 : 0);
  const top = edge(down, step.step[0], high, height);
  const left = edge(across, step.step[1], wide, width);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) visit(y * step.step[0] - top, x * step.step[1] - left);
  }
}

// Calls `visit(index, place)` for each number of a shape, in order.
function each(shape, visit) {
  const index = shape.map(() => 0);
  for (let place = 0; place < size(shape); place++) {
    visit(index, place);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
}

const offset = (shape, index) => index.reduce((place, i, axis) => place * shape[axis] + i, 0);

// The numbers of a value at other places; 0 where its place lies outside.
function moved(from, shape, whence) {
  const result = new Float32Array(size(shape));
  each(shape, (index, place) => {
    const old = whence(index);
    if (old.every((i, axis) => i >= 0 && i < from.shape[axis])) result[place] = from.data[offset(from.shape, old)];
  });
  return result;
}
