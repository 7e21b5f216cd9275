"""Lessons in a real browser: steps in the first screen, by keyboard and by touch, and a film one can pause."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, App, settled, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]
FILM = "lessons?lesson=intuitive-cnn&step=6"


def test_back_next_and_what_one_does_are_in_the_first_screen_at_all_three_sizes(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/lessons?lesson=intuitive-cnn&step=12")
    expect(page.locator(".drawing img")).to_be_visible()
    for width, height, letters in ((1280, 800, 12), (820, 1180, 12), (390, 844, 14)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("Back", "Next"):
            box = page.get_by_role("button", name=name, exact=True).bounding_box()
            assert box and box["height"] >= 44 and box["y"] + box["height"] <= height, (width, name)
        act = page.locator(".st-key-lessons_act").bounding_box()
        assert act and act["y"] < 0.6 * height
        shown = page.locator(".drawing img").evaluate("image => 20 * image.clientWidth / image.naturalWidth")
        assert shown >= letters, width  # pixels of the drawing's letters
        assert sideways(page) == []


def test_arrow_keys_turn_the_steps_but_not_where_a_control_wants_them_and_the_new_heading_gets_the_focus(
    app: App, open_page: Open
) -> None:
    page = open_page(f"{app.address}/lessons?lesson=five-steps&step=4")
    page.keyboard.press("ArrowRight")
    heading = page.get_by_role("heading", name="Hold a fifth back", level=2)
    expect(heading).to_be_focused()
    expect(page).to_have_url(re.compile("lesson=five-steps&step=5"))
    slider = page.get_by_role("slider", name="Held back, %")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-lessons_act")).to_contain_text("45,000")
    expect(heading).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Give each picture a channel", level=2)).to_be_focused()


def test_the_film_is_paused_by_keyboard_and_does_not_start_for_those_who_want_no_movement(
    app: App, open_page: Open
) -> None:
    page = open_page(f"{app.address}/{FILM}")
    film = page.locator(".kernel")
    button, column = film.get_by_role("button"), film.get_by_role("slider", name="Column")
    expect(button).to_contain_text("Pause")
    expect(column).not_to_have_value(column.input_value())
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_contain_text("Play")
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    settled(page)
    expect(button).to_contain_text("Play")
    expect(column).to_have_value("6")


def test_a_tap_on_the_picture_puts_the_kernel_there(app: App, open_page: Open) -> None:
    page = open_page(f"{app.address}/{FILM}", width=390, height=844, touch=True)
    film = page.locator(".kernel")
    picture = film.locator("canvas").first
    picture.scroll_into_view_if_needed()
    picture.tap(position={"x": 2, "y": 2})
    expect(film.get_by_role("slider", name="Row")).to_have_value("0")
    expect(film.get_by_role("slider", name="Column")).to_have_value("0")
    expect(film.locator("strong")).to_have_text("0.00")  # the corner of a picture is empty
    expect(film.get_by_role("button")).to_contain_text("Play")
