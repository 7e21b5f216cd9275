// The line to the server: one for each run that is looked at, however many parts of the page show it. Knows nothing of
// how a run is drawn. It stands before curve.js, in the same module.

const EPOCH = 0, SECONDS = 1; // columns of a row
const RETRY = 1500, SPREAD = 1500, WAIT = 200, ANSWERED = 10000, LINGER = 5000; // milliseconds
const LINK = "[data-testid=stPageLink-NavLink]"; // a link to a page
const lines = new Map();

let tapped = null; // the page whose link was tapped last, and when
addEventListener("click", ({ target }) => {
  const link = target.closest?.(LINK);
  if (link) tapped = { path: link.pathname, at: performance.now() };
}, true);
let left = -Infinity; // when Back was pressed
addEventListener("popstate", () => (left = performance.now()), true);
document.addEventListener("visibilitychange", () => {
  for (const line of lines.values()) document.hidden ? line.hangUp() : line.call();
});

function lineOf(data) {
  const name = `${data.address} ${data.lang}`;
  if (!lines.has(name)) lines.set(name, new Line(name, data));
  return lines.get(name);
}

class Line {
  constructor(name, data) {
    Object.assign(this, { name, address: data.address, lang: data.lang, ended: !data.address, views: new Set() });
    this.rows = { points: [], epochs: [] };
    this.state = data.state ?? {};
    this.pieces = new Map(); // what the network said, by epoch
    this.chosen = null; // the epoch that is looked at; null: the last one
  }

  join(view) {
    this.views.add(view);
    this.call();
  }

  // What came stays for a while: a part of the page that is drawn anew must not be empty meanwhile.
  leave(view) {
    this.views.delete(view);
    setTimeout(() => {
      if (this.views.size) return;
      this.hangUp();
      if (lines.get(this.name) === this) lines.delete(this.name);
    }, LINGER);
  }

  // The page was drawn anew, and knows this version of the run.
  know(version, changed) {
    if (version !== this.version) this.told = null;
    Object.assign(this, { version, changed });
    left = -Infinity;
  }

  call() {
    if (this.ended || this.socket || document.hidden || !this.views.size) return;
    const address = new URL(`${this.address}?lang=${this.lang}`, document.baseURI);
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
    if (version === this.version || version === this.told) return;
    this.told = version; // the page has something else to offer: thirty do not ask for it at the same moment
    setTimeout(() => this.ask(version), this.mine ? 0 : SPREAD * Math.random());
  }

  // Have the page drawn anew, but not while it is being drawn, nor once a link was tapped: until the server has answered
  // the tap, what is asked for counts as wanted on this page, and would bring the reader back to it. A curve that comes
  // meanwhile is the answer to what was asked before the tap.
  ask(version) {
    if (!this.views.size) return;
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState ?? "notRunning";
    const gone = Math.max(left, tapped && tapped.path !== location.pathname ? tapped.at : -Infinity);
    if (state === "notRunning" && performance.now() - gone > ANSWERED) this.changed?.(version);
    else setTimeout(() => this.ask(version), WAIT);
  }

  show() {
    for (const view of this.views) view.show();
  }

  // The epochs of which there is something to look at, and the one that is.
  kept(known) {
    return known ?? Array.from({ length: this.state.snapshot ?? 0 }, (_, index) => index + 1);
  }

  at(known) {
    const kept = this.kept(known);
    return kept.includes(this.chosen) ? this.chosen : kept.at(-1);
  }

  look(epoch) {
    this.chosen = epoch;
    this.show();
  }

  // What the network said after an epoch, as an element with its parts, or a sentence why there is none.
  piece(epoch) {
    if (!this.pieces.has(epoch)) {
      const asked = fetch(new URL(`${this.address}/${epoch}?lang=${this.lang}`, document.baseURI)).then(async (answer) => {
        const said = document.createElement("div"), words = await answer.text();
        if (answer.ok) said.innerHTML = words; // made by our own server, every word of it escaped
        else said.textContent = words;
        return said;
      });
      asked.catch(() => this.pieces.delete(epoch)); // asked for again with the next message
      this.pieces.set(epoch, asked);
    }
    return this.pieces.get(epoch);
  }
}

