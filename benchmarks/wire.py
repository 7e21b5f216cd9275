"""What a browser fetches to open a page: packed, as the app sends it, against the same files as they are.

.venv/bin/python -m benchmarks.wire             print the table
.venv/bin/python -m benchmarks.wire --readme    and write it into docs/results.md

Each page is opened by a Chromium that has fetched nothing before, and again by the same one. The files as they
are come to a browser that says it unpacks nothing. Counted is what comes by HTTP, headers and all; not what the page is
told over its open connection.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks import results
from tests.browser.conftest import PATIENCE, serve, settled
from tests.conftest import chromium_path

PAGES = {"Welcome": "", "Train": "training", "Predict": "predict", "Mistakes": "mistakes"}
QUIET_MS = 1500  # nothing fetched for so long: the page has all it needs
HEADER = ("page", "as they are, kB", "packed, kB", "ratio", "second visit, kB")


def fetched(context: BrowserContext, address: str) -> float:
    """The kB that come over the wire until a page stands and nothing more is fetched, in a window of its own."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    sizes: list[float] = []
    network = context.new_cdp_session(page)
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(address)
    settled(page)
    before = -1
    while len(sizes) > before:
        before = len(sizes)
        page.wait_for_timeout(QUIET_MS)  # nothing says that a browser will fetch no more: it is asked until it is quiet
    page.close()
    return sum(sizes) / 1000


def row(browser: Browser, name: str, address: str) -> list[str]:
    """One line of the table."""
    plain = browser.new_context(extra_http_headers={"Accept-Encoding": "identity"})
    packed = browser.new_context()
    as_they_are, first, second = (fetched(context, address) for context in (plain, packed, packed))
    for context in (plain, packed):
        context.close()
    return [name, f"{as_they_are:,.0f}", f"{first:,.0f}", f"{first / as_they_are:.2f}", f"{second:,.1f}"]


def main() -> None:
    """Measure, print, and with --readme write."""
    parser = argparse.ArgumentParser(description="What a browser fetches to open a page")
    parser.add_argument("--readme", action="store_true", help="write the table into docs/results.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = serve(Path(home), workers=0)
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
            rows = [row(browser, name, f"{app.address}/{path}") for name, path in PAGES.items()]
        finally:
            app.stop()
    table = results.markdown_table(HEADER, rows)
    print(table)
    if arguments.readme:
        print(f"Written into {results.write('wire', table)}")


if __name__ == "__main__":
    main()
