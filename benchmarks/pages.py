"""How soon a page can be used, what comes over the wire for it and how much it moves, beside a bare Streamlit page.

.venv/bin/python -m benchmarks.pages             print the table
.venv/bin/python -m benchmarks.pages --readme    and write it into docs/results.md

A page can be used when its script has run and nothing in it changes any more. It is opened on a server that has just
been started and that nobody has opened yet, by a new browser on a server that others have used, and by its link in the
menu. The bare page of benchmarks/bare_app.py is opened in the same three ways; the ratios are to it.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from playwright.sync_api import Browser, sync_playwright

from benchmarks import results
from benchmarks.served import PROJECT, Server, serve
from tests.conftest import chromium_path

PAGES = {
    "Welcome": "",
    "Clothes": "dataset",
    "Lessons": "lessons",
    "Train": "training",
    "Predict": "predict",
    "Mistakes": "mistakes",
    "Run book": "runs",
    "Own clothes": "own",
    "Help": "help",
}
BARE = {"Bare page": "", "Second": "second"}
SIZE = {"width": 1280, "height": 800}
QUIET_MS = 600  # nothing changed for so long: the page stands
PATIENCE_MS = 60_000
HEADER = ("page", "fresh server, s", "ratio", "new browser, s", "ratio", "by the menu, s", "ratio", "kB", "ratio")
HEADER += ("requests", "elements", "layout shift")
# Notes when something in the page last changed, and adds up how far things moved that nobody had touched.
WATCH = """
window.seen = {changed: 0, shift: 0};
new MutationObserver(() => { seen.changed = performance.now(); })
  .observe(document, {childList: true, subtree: true, characterData: true, attributes: true});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    seen.changed = Math.max(seen.changed, entry.startTime);
    if (!entry.hadRecentInput) seen.shift += entry.value;
  }
}).observe({type: "layout-shift", buffered: true});
"""
STANDS = f"""
document.querySelector("[data-testid=stApp][data-test-script-state=notRunning] [data-testid=stMain] h1")
  && ![...document.querySelectorAll("[data-testid$=Skeleton]")].some((waiting) => waiting.checkVisibility())
  && performance.now() - seen.changed > {QUIET_MS}
"""


# Own clothes have their link in what the menu folds away.
FOLLOW = """
path => {
  const links = [...document.querySelectorAll("[data-testid=stPageLink] a")];
  const link = links.find((each) => each.getAttribute("href") === path);
  const folded = !link && !document.querySelector("[data-testid=stPopoverBody]");
  (folded ? document.querySelector(".st-key-frame_more button") : link)?.click();
  return link && (seen.changed = performance.now());
}
"""


@dataclass(frozen=True)
class Visit:
    """What opening a page took."""

    seconds: float
    kilobytes: float
    requests: int
    elements: int
    shift: float  # cumulative layout shift


@dataclass(frozen=True)
class Visits:
    """The three ways to a page."""

    fresh_server: Visit
    new_browser: Visit
    by_menu: float  # seconds


Start: TypeAlias = Callable[[], AbstractContextManager[Server]]


def visit(browser: Browser, address: str) -> Visit:
    """Open an address in a browser that has fetched nothing before, until the page stands."""
    context = browser.new_context(viewport=SIZE, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(WATCH)
    sizes: list[float] = []
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(STANDS)
    changed, shift, elements = page.evaluate("[seen.changed, seen.shift, document.querySelectorAll('*').length]")
    context.close()
    return Visit(changed / 1000, sum(sizes) / 1000, len(sizes), elements, shift)


def by_links(browser: Browser, address: str, paths: Sequence[str]) -> list[float]:
    """Seconds from a click on a link until its page stands, for page after page; all were open once before."""
    context = browser.new_context(viewport=SIZE, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(WATCH)
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(STANDS)
    seconds = []
    for path in [*paths, *paths]:
        begun = page.wait_for_function(FOLLOW, arg=path).json_value()
        page.wait_for_function(f"path => location.pathname === `/${{path}}` && {STANDS}", arg=path)
        seconds.append((page.evaluate("seen.changed") - begun) / 1000)
    context.close()
    return seconds[len(paths) :]


@contextmanager
def fresh(script: Path, folder: Path) -> Iterator[Server]:
    """A server that nobody has opened yet."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        server = serve(script, folder, Path(home), FITTING_ROOM_HOME=home, FITTING_ROOM_WORKERS="0")
        try:
            yield server
        finally:
            server.end()


def measure(browser: Browser, start: Start, pages: dict[str, str]) -> dict[str, Visits]:
    """What the pages of an app take, by their names."""
    first = {}
    for name, path in pages.items():
        with start() as server:
            first[name] = visit(browser, f"{server.address}/{path}")
    with start() as server:
        visit(browser, server.address)
        second = {name: visit(browser, f"{server.address}/{path}") for name, path in pages.items()}
        start_page, *others = pages.items()
        links = [*others, start_page]  # from the start page to all others, and back
        menu = dict(zip(dict(links), by_links(browser, server.address, list(dict(links).values())), strict=True))
    return {name: Visits(first[name], second[name], menu[name]) for name in pages}


def row(name: str, visits: Visits, bare: Visits) -> list[str]:
    """One line of the table."""
    pairs = [
        (visits.fresh_server.seconds, bare.fresh_server.seconds),
        (visits.new_browser.seconds, bare.new_browser.seconds),
        (visits.by_menu, bare.by_menu),
        (visits.new_browser.kilobytes, bare.new_browser.kilobytes),
    ]
    formats = (".2f", ".2f", ".2f", ",.0f")
    cells = [
        cell
        for (ours, its), form in zip(pairs, formats, strict=True)
        for cell in (f"{ours:{form}}", f"{ours / its:.2f}")
    ]
    seen = visits.new_browser
    return [name, *cells, f"{seen.requests}", f"{seen.elements:,}", f"{seen.shift:.3f}"]


def main() -> None:
    """Measure, print, and with --readme write."""
    parser = argparse.ArgumentParser(description="How soon a page can be used, and what it costs")
    parser.add_argument("--readme", action="store_true", help="write the table into docs/results.md")
    parser.add_argument("--only", choices=PAGES, nargs="+", default=list(PAGES), help="these pages")
    arguments = parser.parse_args()
    pages = {name: path for name, path in PAGES.items() if name in ("Welcome", *arguments.only)}
    with tempfile.TemporaryDirectory() as empty, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        script = PROJECT / "benchmarks" / "bare_app.py"
        bare = measure(browser, lambda: fresh(script, Path(empty)), BARE)["Bare page"]
        ours = measure(browser, lambda: fresh(PROJECT / "app.py", PROJECT), pages)
        browser.close()
    rows = [row(name, visits, bare) for name, visits in {**ours, "A bare Streamlit page": bare}.items()]
    table = results.markdown_table(HEADER, rows)
    print(table)
    if arguments.readme:
        print(f"Written into {results.write('pages', table)}")


if __name__ == "__main__":
    main()
