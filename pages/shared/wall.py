"""The wall of clothes and, beside it, what the network that comes with the app says of the garment that is lit.

All of it is asked once for everybody, so that a tap is answered in the browser at once, by wall.js. Knows nothing of
what else is on the page.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core import images
from core.data import sources, synthetic
from core.errors import FittingRoomError
from core.inference.eye import second_eye
from core.inference.network import shipped
from core.inference.verdict import answer
from core.labels import COLOURS, SLUGS, names
from core.language import _, percent
from core.settings import Settings
from core.vision.reading import read_photo
from pages.shared.data import data, per_data, shared_data
from pages.shared.errors import guard, guarded
from pages.shared.pictures import address
from pages.shared.readers import QUICK
from pages.shared.samples import SamplePhoto
from pages.shared.session import page_state, settings, uploaded

COLUMNS, ROWS = 40, 4  # of the one picture that all garments travel in; a window shows as many as fit
GAP = 2  # dots between two of them
FIRST = 15  # garments that every window shows
TELLING = 0.8  # how sure the network is of the garment that is lit first: it has a second thought, too
PHOTOS = ("coat", "dress", "sneaker")  # of the sample photos, those that can be tapped here
SERVED = "app/static/samples"  # where a browser finds them
TAPPED = "wall_tapped"  # where an open page keeps those that were
LARGEST = 1_000_000  # bytes of one of them
UPPER = (2, 4, 6)  # pullovers, coats and shirts, which it mixes up
_COMPONENT = st.components.v2.component(
    "wall", js=Path(__file__).with_name("wall.js").read_text(encoding="utf-8"), isolate_styles=False
)


@dataclass(frozen=True)
class Wall:
    """Garments of the test pictures, or drawn ones where there are none yet, and what the network says of them."""

    images: np.ndarray  # (n, 28, 28) uint8
    labels: np.ndarray  # (n,) 0 to 9
    shares: np.ndarray  # (n, 10), each row summing to 1
    sheet: str  # all of them as one picture, to stand in a page

    @property
    def lit(self) -> int:
        """The garment to begin with: among the first ones, one that the network names rightly but not at once."""
        labels, shares = self.labels[:FIRST], self.shares[:FIRST]
        fits = (shares.argmax(axis=1) == labels) * 1.0 + np.isin(labels, UPPER)
        return int((np.abs(shares.max(axis=1) - TELLING) - fits).argmin())


@per_data(max_entries=2, hash_funcs={Settings: repr}, show_spinner=False)
def _wall(chosen: Settings, own_fingerprint: str, found: bool) -> Wall:
    by_chance, count = np.random.default_rng(7), COLUMNS * ROWS
    if own_fingerprint or found:
        used = data() if own_fingerprint else shared_data()
        rows = by_chance.integers(0, len(used.test_images), count)
        shown, labels = used.test_images[rows], used.test_labels[rows]
    else:  # drawing all 70,000 takes seconds, and the wall must be there at once
        labels = by_chance.integers(0, 10, count)
        shown = synthetic.draw(labels, 7)
    sheet = address(images.sheet(shown, COLUMNS, scale=1, gap=GAP))
    return Wall(shown, labels, shipped().probabilities(shown), sheet)


def _found(chosen: Settings) -> bool:
    """Whether a folder is there that should hold a data set."""
    folders = (chosen.data, sources.keras_folder(), chosen.folder / "fashion-mnist")
    return any(folder and folder.exists() for folder in folders)


def warm_up() -> None:
    """Make everybody's wall and find everybody's clothes, before anybody opens a page; what fails then, pages say."""
    with suppress(FittingRoomError):
        _wall.shared(settings(), "", _found(settings()))
        shared_data()


def wall() -> Wall:
    """The wall of the data set in use. Raises DataError and RunError."""
    clothes = uploaded()
    return _wall(settings(), clothes.data.fingerprint if clothes else "", _found(settings()))


@st.cache_resource(max_entries=len(PHOTOS), show_spinner=False)
def _photo(slug: str) -> list[int]:
    reading = QUICK.do(read_photo, SamplePhoto(slug).getvalue(), LARGEST)
    return _thousandths(np.array(answer(shipped(), reading, second_eye()).probabilities))


def _tapped() -> None:
    slug = st.session_state["wall"].photo
    if slug in PHOTOS:
        page_state().setdefault(TAPPED, set()).add(slug)


def _thousandths(shares: np.ndarray) -> list:
    whole: list = (1000 * shares).round().astype(int).tolist()
    return whole


def show(shown: Wall, title: str, lead: str) -> None:
    """The wall over the full width; below it the page's heading, and what is lit with its ten bars.

    That is a garment of the wall, answered in the browser, or a sample photo, answered here when it is tapped.
    """
    photos = [{"slug": slug, "label": SLUGS.index(slug), "picture": f"{SERVED}/{slug}.jpg"} for slug in PHOTOS]
    asked: dict[str, list[int]] = {}
    with guard():
        asked |= {slug: _photo(slug) for slug in page_state().get(TAPPED, ())}
    _COMPONENT(
        key="wall",
        data={
            "title": title,
            "lead": lead,
            "sheet": shown.sheet,
            "columns": COLUMNS,
            "labels": shown.labels.tolist(),
            "shares": _thousandths(shown.shares),
            "photos": photos,
            "asked": asked,
            "lit": shown.lit,
            "names": names(),
            "colours": COLOURS,
            "words": {
                "wall": _("Pictures of clothes. Choose one, and the network says what it is"),
                "bars": _("How likely each class is, the most likely first"),
                "percent": percent(0).replace("0", "{}"),
                "tap": _("Tap any picture. A small network that has never seen it says what it is."),
                "photo": _("Or a photo:"),
                "wait": _("Looking at the photo …"),
                "right": _("Right"),
                "wrong": _("Wrong: the label says {name}"),
            },
        },
        on_photo_change=guarded(_tapped),
    )
