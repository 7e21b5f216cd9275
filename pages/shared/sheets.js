// Answered pictures: a tapped one is opened without loading the page again, and stays in sight while what stands above
// it is still being drawn, until the reader does something.

const views = new WeakMap();
let shown = null; // what was last brought into sight

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, { root: parentElement.appendChild(document.createElement("div")) });
  const view = views.get(parentElement);
  if (view.html !== data.html) view.root.innerHTML = view.html = data.html; // made and escaped by our own pages
  view.root.onclick = (event) => {
    const picture = event.target.closest("a[data-picture]");
    if (!picture || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setTriggerValue("picture", Number(picture.dataset.picture));
  };
  if (data.show && data.show !== shown) hold(view.root);
  shown = data.show || shown;
  return () => {
    view.root.remove();
    views.delete(parentElement);
  };
}

function hold(element) {
  const drawn = new ResizeObserver(() => element.scrollIntoView({ block: "center" }));
  drawn.observe(element.closest("[data-testid=stMainBlockContainer]"));
  for (const act of ["wheel", "touchstart", "pointerdown", "keydown"])
    addEventListener(act, () => drawn.disconnect(), { once: true });
}
