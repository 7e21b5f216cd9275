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


def test_a_network_is_trained_left_found_again_inspected_and_asked(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/training")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"run=\w+"))
    link, run_id = page.url, page.url.rpartition("run=")[2]
    store = open_store(f"sqlite:///{app.home / 'runs.sqlite'}")
    name = store.run(run_id).name

    # leave, come back, refresh, and open the link elsewhere
    page.get_by_role("link", name="Clothes", exact=True).click()
    expect(page.get_by_role("heading", name="The clothes")).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    elsewhere = open_page(link)
    expect(elsewhere.get_by_text("of the test pictures right")).to_be_visible()
    expect(page.get_by_text("of the test pictures right")).to_be_visible()
    no_trouble(page)

    run = store.run(run_id)
    assert run.status == "done" and run.test_accuracy > 0.85
    expect(elsewhere.get_by_text(f"{run.test_accuracy:.1%}").first).to_be_visible()
    store.close()

    elsewhere.get_by_role("link", name="Look into its mistakes").click()
    expect(elsewhere.get_by_role("heading", name="What it takes for what")).to_be_visible()
    expect(elsewhere.get_by_text(f"{run.test_accuracy:.1%}").first).to_be_visible()
    assert f"run={run_id}" in elsewhere.url
    page.get_by_role("link", name="Show it a photo").click()
    expect(page.get_by_role("heading", name="Try a photo")).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "shirt.png", "mimeType": "image/png", "buffer": shirt()})
    expect(page.get_by_text("shirt.png").first).to_be_visible()
    expect(page.locator(".verdict").first).to_be_visible()
    expect(page.get_by_text("✓ Sure")).to_have_count(0)  # a network that never saw a photo is never sure of one
    no_trouble(page)


def test_stop_really_stops_and_a_second_start_waits_its_turn(app: App, open_page: Open) -> None:
    first = open_page(f"{app.address}/training")
    choose(first, "New ABCD")
    first.get_by_role("button", name="Start").click()
    expect(first.get_by_text("pictures a second")).to_be_visible()
    expect(first.get_by_text(re.compile(r"epoch \d+ of \d+")).first).to_be_visible()
    expect(first.locator(".accuracy path.raw")).to_have_attribute("d", re.compile("L"))
    look_closely_while_it_grows(first)
    heights = "[...document.querySelectorAll('.live-figures dd')].map(figure => figure.clientHeight)"
    one_line = min(first.evaluate(heights))
    first.set_viewport_size({"width": 820, "height": 900})  # a tablet held upright
    assert cut_off(first) == [] and max(first.evaluate(heights)) <= one_line
    second = open_page(f"{app.address}/training")
    taste(second)
    second.get_by_role("button", name="Start").click()
    expect(second.get_by_text("In the queue: 1 run is before it")).to_be_visible()
    first.get_by_role("button", name="Stop and keep what it learned").click()
    expect(first.get_by_text("Stopped by hand.")).to_be_visible()
    expect(first.get_by_text("of the test pictures right")).to_be_visible()
    expect(second.get_by_text("of the test pictures right")).to_be_visible()
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
    taste(page)
    press("Start", "of the test pictures right")
    expect(page.get_by_text("Its layers: the picture → Dense (64 neurons) → ten answers")).to_be_visible()
    no_trouble(page)


def look_closely_while_it_grows(page: Page) -> None:
    """The curve moves, and what one has set, marked and looked at stays as it is."""
    plot, whole = page.locator(".accuracy svg"), page.get_by_role("button", name="whole curve")
    plot.evaluate("plot => plot.dataset.same = 'yes'")
    box = plot.bounding_box()
    left, right, middle = box["x"] + 41, box["x"] + 90, box["y"] + box["height"] / 2
    page.mouse.move(left, middle)
    expect(page.locator(".live-tip")).to_contain_text(re.compile(r"epoch [\d.]+, [\d.]+ s\n[\d.]+ % right, loss"))
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
    assert page.locator(".accuracy text[text-anchor=end]").first.text_content() in ("0", "60")
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


def taste(page: Page) -> None:
    """Let the run learn from a tenth of the pictures."""
    page.get_by_role("radio", name="a taste").click()
    settled(page)
