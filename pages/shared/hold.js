// The Mistakes page: a tapped picture stays in sight while what stands above it is still being drawn, until the reader
// does something.
{
  const one = document.getElementById("one");
  if (one && location.hash === "#one") {
    const drawn = new ResizeObserver(() => one.scrollIntoView());
    drawn.observe(one.closest("[data-testid=stMainBlockContainer]"));
    for (const act of ["wheel", "touchstart", "pointerdown", "keydown"])
      addEventListener(act, () => {
        drawn.disconnect();
        history.replaceState(null, "", location.pathname + location.search);
      }, {once: true});
  }
}
