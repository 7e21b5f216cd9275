// A tapped link of the page to itself is told to the page's script; a link keeps the focus when it is drawn anew.

const KEPT = 2000; // milliseconds within which the page that was asked for is drawn

let drawn; // watches for the link that was tapped last

export default function ({ parentElement, setTriggerValue }) {
  const tapped = (event) => {
    const link = event.target.closest?.(".stHtml a[href^='?']");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const name = link.title;
    drawn?.disconnect();
    const watch = (drawn = new MutationObserver(() => {
      if (document.activeElement !== document.body) return;
      [...document.querySelectorAll(".stHtml a[href^='?']")].find((other) => other.title === name)?.focus({ preventScroll: true });
    }));
    watch.observe(document.body, { childList: true, subtree: true });
    setTimeout(() => watch.disconnect(), KEPT);
    setTriggerValue("followed", link.getAttribute("href"));
  };
  parentElement.closest(".stElementContainer")?.style.setProperty("display", "none");
  document.addEventListener("click", tapped);
  return () => document.removeEventListener("click", tapped);
}
