"""Training as people meet it: started, left, found again, stopped, waited for, built by hand; a real worker, real
Chromium, and real Fashion-MNIST where FITTING_ROOM_DATA names it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.runs.store import open_store
from tests.browser.conftest import PATIENCE, App, cut_off, no_trouble, settled, shirt, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]
TOP = "document.querySelector('.live-figures').getBoundingClientRect().top"
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def test_a_network_is_trained_left_found_again_inspected_and_asked(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training?network=quick")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Starting …").or_(page.get_by_text("In the queue"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"run=\w+"))
    link, run_id = page.url, page.url.rpartition("run=")[2]
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    name = store.run(run_id).name

    # it is announced, the tab says it, and the curve is there all the time while it moves and the page is drawn anew
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()  # before it another run may be shown
    expect(page.locator(".accuracy path.raw")).to_have_attribute("d", re.compile("L"))
    remember_what_is_seen(page)
    expect(page).to_have_title(re.compile(r"^epoch \d of 4 · \d+\s% · Train$"))
    expect(page.get_by_role("status").filter(has_text="Epoch 1 of 4 is over")).to_be_attached()
    expect(page.get_by_role("button", name="Queue another")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    expect(page.locator(".live-words")).to_contain_text("pictures a second")
    assert page.evaluate("window.seen.blank") == 0 < page.evaluate("window.seen.frames")

    # leave, come back, refresh, and open the link elsewhere
    page.get_by_role("link", name="Clothes", exact=True).click()
    expect(page.get_by_role("heading", name="Clothes", level=1)).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    elsewhere = open_page(link)
    expect(elsewhere.get_by_text("of the test pictures right").first).to_be_visible()
    expect(page.get_by_text("of the test pictures right").first).to_be_visible()
    expect(page).to_have_title("Train · Fitting Room")
    no_trouble(page)

    run = store.run(run_id)
    assert run.status == "done" and run.test_accuracy > 0.85
    expect(elsewhere.locator(".live-figures")).to_contain_text(f"{100 * run.test_accuracy:.1f}\u00a0%")
    store.close()

    elsewhere.get_by_role("link", name="Look into its mistakes").click()
    expect(elsewhere.get_by_role("heading", name="Mistakes", level=1)).to_be_visible()
    expect(elsewhere.get_by_text(re.compile(rf"{100 * run.test_accuracy:.1f}\s?%")).first).to_be_visible()
    assert f"run={run_id}" in elsewhere.url
    page.get_by_role("link", name="Show it a photo").click()
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "shirt.png", "mimeType": "image/png", "buffer": shirt()})
    expect(page.locator(".verdict").first).to_be_visible()
    expect(page.get_by_text("✓ Sure")).to_have_count(0)  # a network that never saw a photo is never sure of one
    no_trouble(page)

    # another run begins without the answers of this one
    page.goto(link)
    answers = page.locator(".live-twelve figcaption")
    expect(answers.first).to_contain_text(re.compile(r"\w"))
    page.get_by_role("button", name="Start", exact=True).click()
    expect(answers.first).to_have_text("")
    page.get_by_role("button", name=re.compile("Stop|Leave the queue")).click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_stop_really_stops_and_a_second_start_waits_its_turn(app: App, open_page: Open) -> None:
    first = open_page(f"{app.address}/training")
    choose(first, "New ABCD")
    first.get_by_role("button", name="As published").click()
    settled(first)
    first.get_by_role("button", name="Start", exact=True).click()
    expect(first.get_by_text("pictures a second")).to_be_visible()
    expect(first.get_by_text(re.compile(r"epoch \d+ of \d+")).first).to_be_visible()
    expect(first.locator(".accuracy path.raw")).to_have_attribute("d", re.compile("L"))
    look_closely_while_it_grows(first)
    heights = "[...document.querySelectorAll('.live-figures dd:not(.beside)')].map(figure => figure.clientHeight)"
    one_line = min(first.evaluate(heights))
    first.set_viewport_size({"width": 820, "height": 900})  # a tablet held upright
    assert cut_off(first) == [] and max(first.evaluate(heights)) <= one_line
    second = open_page(f"{app.address}/training")
    few(second)
    second.get_by_role("button", name="Start", exact=True).click()
    expect(second.get_by_text("In the queue: 1 run is before it")).to_be_visible()
    first.get_by_role("button", name="Stop", exact=True).click()
    expect(first.get_by_text("Stopped by hand.")).to_be_visible()
    expect(first.get_by_text("of the test pictures right").first).to_be_visible()
    expect(second.get_by_text("of the test pictures right").first).to_be_visible()
    expect(second.get_by_text("In the queue")).to_have_count(0)
    no_trouble(second)


def test_a_network_is_built_on_a_phone_and_learns(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training", width=390, height=844)
    choose(page, "Build your own")

    def press(name: str, then: str) -> None:
        page.get_by_role("button", name=re.compile(rf"{name}\b")).click()
        expect(page.get_by_text(then).first).to_be_visible()
        settled(page)

    press("A small one", "50,890 numbers to learn.")
    press("1 · Dense", "Neurons: how many sums it takes")
    press("Convolution", "32 pictures of 26 × 26 dots")
    press("Down", "Layer 2 needs pictures")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    assert sideways(page) == []
    press("Take out", "50,890 numbers to learn.")
    few(page)
    press("Start", "of the test pictures right")
    expect(page.get_by_text("Its layers: the picture → Dense (64 neurons) → ten answers")).to_be_visible()
    no_trouble(page)


def test_on_a_phone_start_leads_to_the_numbers_and_they_stay(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training?network=quick", width=390, height=844, touch=True)
    few(page)
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_in_viewport()
    start.tap()
    numbers = page.locator(".live-figures")
    expect(numbers).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Queue another")).to_be_attached()
    top = page.evaluate(TOP)
    expect(page.get_by_role("radio", name="6,000")).to_be_hidden()  # the choices are folded
    expect(page.get_by_text("of the test pictures right").first).to_be_visible()
    assert abs(page.evaluate(TOP) - top) < 2 and page.evaluate(SCROLLED) == 0
    assert sideways(page) == []
    page.get_by_role("button", name="Change").tap()
    expect(page.get_by_role("radio", name="6,000")).to_be_visible()


def look_closely_while_it_grows(page: Page) -> None:
    """The curve moves, and what one has set, marked and looked at stays as it is."""
    plot, whole = page.locator(".accuracy svg"), page.get_by_role("button", name="whole curve")
    plot.evaluate("plot => plot.dataset.same = 'yes'")
    box = plot.bounding_box()
    left, right, middle = box["x"] + 45, box["x"] + 94, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    expect(page.locator(".live-tip:not([hidden])")).to_contain_text(
        re.compile(r"epoch [\d.]+, [\d.]+ s\n[\d.]+\s% right, loss")
    )
    page.mouse.down()
    page.mouse.move(right, middle)
    page.mouse.up()
    expect(whole).to_be_visible()
    numbers = page.locator(".accuracy text[text-anchor=middle]").all_text_contents()
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    grown = page.locator(".live-figures").inner_text()
    page.get_by_role("button", name="log scale").focus()
    expect(page.locator(".live-figures")).not_to_have_text(grown)
    assert page.locator(".accuracy text[text-anchor=middle]").all_text_contents() == numbers
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    expect(page.get_by_role("button", name="log scale")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".loss text[text-anchor=end]").first).to_have_text(re.compile(r"^[\d.]*[125]0*$"))
    page.get_by_role("button", name="seconds").click()
    expect(whole).to_be_hidden()
    expect(plot).to_have_attribute("aria-label", re.compile(r"over the seconds, now [\d.]+"))
    low, high = (
        int(page.locator(".accuracy text[text-anchor=end]").nth(end).text_content().split()[0]) for end in (0, -1)
    )
    assert 0 <= low < high <= 100 and high - low < 100  # the part where something happens; at first that is much
    assert plot.get_attribute("data-same") == "yes"


def choose(page: Page, network: str) -> None:
    """Take a network from the list on the Train page.

    The list is brought into sight first: an open one closes when the page scrolls.
    """
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    box = page.get_by_role("combobox", name=re.compile("Network"))
    box.scroll_into_view_if_needed()
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    box.click()
    page.get_by_role("option", name=network).click()
    settled(page)


def few(page: Page) -> None:
    """Let the run learn from a tenth of the pictures."""
    page.get_by_role("radio", name="6,000").click()
    settled(page)


def remember_what_is_seen(page: Page) -> None:
    """From now on count the frames with a curve in them, and those without one after the first."""
    page.evaluate("""() => {
      window.seen = { frames: 0, blank: 0 };
      const look = () => {
        const raw = document.querySelector(".accuracy path.raw");
        const drawn = raw?.getAttribute("d").includes("L") && document.querySelector(".accuracy svg").clientWidth > 0;
        if (drawn) window.seen.frames += 1;
        else if (window.seen.frames) window.seen.blank += 1;
        requestAnimationFrame(look);
      };
      look();
    }""")
