"""Six photos to try Predict with, drawn by program (`python -m core.fitting.samples`): one is tapped, or an address
names it, and then it is read, mended and answered as a visitor's own.

Knows nothing of networks and answers.
"""

import html
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.labels import SLUGS, names
from core.language import _
from pages.shared.errors import guarded

FOLDER = Path(__file__).parents[1] / "static" / "samples"
SAMPLES = ("coat", "dress", "trouser", "t-shirt", "sneaker", "bag")  # as in SLUGS, and in addresses
WORD = "photo"  # of an address


@dataclass(frozen=True)
class SamplePhoto:
    """A photo that came with the app, in the shape of an uploaded file."""

    slug: str

    @property
    def file_id(self) -> str:
        """Tells it from all others."""
        return f"sample-{self.slug}"

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.slug}.jpg"

    def getvalue(self) -> bytes:
        """The JPEG file. Raises OSError when it is missing."""
        return (FOLDER / self.name).read_bytes()


def sample() -> SamplePhoto | None:
    """The sample photo that the address names, if there is one like it; a sentence if there is none."""
    slug = st.query_params.get(WORD, "")
    if slug and slug not in SAMPLES:
        st.info(_("There is no such sample photo. Here are those there are."), icon=":material/search_off:")
    return SamplePhoto(slug) if slug in SAMPLES else None


def put_away() -> None:
    """Show no sample photo any longer."""
    if WORD in st.query_params:
        del st.query_params[WORD]


def choose(opened: SamplePhoto | None, folded: bool) -> None:
    """Show all of them, to tap; the one that is open is marked. What stands around them folds to a line if `folded`."""
    with st.container(horizontal=True, key="predict_samples"):
        state = "folded" if folded else ""
        st.html(f'<p class="{state}">{html.escape(_("or try one of these"))}</p>', width="content")
        for slug in SAMPLES:
            state = "open" if opened and opened.slug == slug else "closed"
            with st.container(key=f"predict_sample_{state}_{slug}", gap=None):
                st.html(f'<img src="app/static/samples/{slug}.jpg" alt="" width="240" height="240">')
                st.button(
                    names()[SLUGS.index(slug)],
                    key=f"predict_try_{slug}",
                    type="tertiary",
                    on_click=guarded(_open),
                    args=(slug,),
                )


def _open(slug: str) -> None:
    st.query_params[WORD] = slug
