// The paper for those who cannot see it: a picture with a name. Its own toolbar goes; ours does the same with words.

export default function ({ data }) {
  const label = () => {
    for (const host of document.querySelectorAll(".st-key-paper [data-testid=stBidiComponentIsolated], .st-key-paper *")) {
      const root = host.shadowRoot;
      if (!root) continue;
      root.querySelector(".dc-toolbar")?.setAttribute("hidden", "");
      root.querySelector(".dc-toolbar")?.style.setProperty("display", "none");
      const canvas = root.querySelector("canvas.upper-canvas") ?? [...root.querySelectorAll("canvas")].at(-1);
      canvas?.setAttribute("role", "img");
      canvas?.setAttribute("aria-label", data.label);
    }
  };
  label();
  const drawn = new MutationObserver(label);
  drawn.observe(document.querySelector(".st-key-paper") ?? document.body, { childList: true, subtree: true });
  const soon = setInterval(label, 500); // the paper comes later, and inside itself nobody can watch it
  return () => {
    drawn.disconnect();
    clearInterval(soon);
  };
}
