// Arrow keys turn the steps where no control wants them, and a new step's heading gets the focus, so that it is read.

const BUSY = "input, textarea, select, [role=slider], [role=radio], [role=radiogroup], [role=tab], [role=listbox], [role=dialog], [contenteditable], canvas, svg";
const TRIES = 120; // frames until the new heading must be there
let last = null;

export default function ({ data }) {
  if (last !== null && last !== data.place) focus(data.place, TRIES);
  last = data.place;
  const turn = (event) => {
    const name = { ArrowLeft: "back", ArrowRight: "next" }[event.key];
    if (!name || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest(BUSY)) return;
    const button = document.querySelector(`.st-key-lessons_${name} button:not(:disabled)`);
    if (button) button.click();
  };
  document.addEventListener("keydown", turn);
  return () => document.removeEventListener("keydown", turn);
}

function focus(place, tries) {
  const heading = document.querySelector(`h2[data-place="${place}"]`);
  if (heading) {
    heading.focus({ preventScroll: true });
    document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0 });
  } else if (tries) requestAnimationFrame(() => focus(place, tries - 1));
}
