// What the camera sees, live: about once a second a small picture goes to the app, the next one when that was answered.
// Nothing is sent while the window is hidden, or while the picture is frozen; nothing is kept.

const SMALL = 480, LARGE = 1280; // px, longer side of a picture to glance at, and of a frozen one
const REST = 700, PATIENCE = 8000; // ms from an answer to the next picture, and until one that is not answered is given up
const running = new WeakMap();

async function begin(box, state) {
  const words = state.data.words;
  if (!navigator.mediaDevices?.getUserMedia) return say(box, words.nowhere);
  try {
    const wished = { facingMode: "environment", width: { ideal: LARGE }, height: { ideal: LARGE } };
    state.stream = await navigator.mediaDevices.getUserMedia({ video: wished, audio: false });
  } catch (error) {
    return say(box, error.name === "NotAllowedError" ? words.refused : words.none);
  }
  if (state.ended) return end(state);
  state.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, autoplay: true });
  state.video.setAttribute("aria-label", words.video);
  state.video.srcObject = state.stream;
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: words.freeze });
  button.onclick = () => freeze(state);
  box.replaceChildren(state.video, button);
  await state.video.play();
  state.timer = setInterval(() => glance(state), 100);
}

function say(box, words) {
  const line = document.createElement("p");
  line.setAttribute("role", "status");
  line.textContent = words;
  box.replaceChildren(line);
}

function picture({ video }, longest) {
  const share = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight, 1));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth * share, video.videoHeight * share];
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.85);
}

function glance(state) {
  const now = performance.now();
  const waiting = state.answered < state.sent ? now - state.when < PATIENCE : now - state.since < REST;
  if (document.hidden || state.frozen || waiting || !state.video.videoWidth) return;
  state.when = now;
  state.sent += 1;
  state.give("glance", { number: state.sent, picture: picture(state, SMALL) });
}

function freeze(state) {
  state.frozen = true;
  state.video.pause();
  state.give("frozen", { number: state.sent, picture: picture(state, LARGE) });
}

function end(state) {
  state.ended = true;
  clearInterval(state.timer);
  state.stream?.getTracks().forEach((track) => track.stop());
}

export default function ({ parentElement, data, setStateValue }) {
  const box = parentElement.querySelector(".camera");
  let state = running.get(box);
  if (!state) {
    state = { data, sent: data.answered, answered: data.answered, since: 0, when: 0, give: setStateValue };
    running.set(box, state);
    begin(box, state);
  }
  state.give = setStateValue;
  if (data.answered !== state.answered) Object.assign(state, { answered: data.answered, since: performance.now() });
  return () => {
    end(state);
    running.delete(box);
  };
}
