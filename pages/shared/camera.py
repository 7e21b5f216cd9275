"""The camera of the visitor's own device, live: a small picture about once a second, and one that is frozen to be
looked at with all tools. Memory only, and the pictures before the last one are gone.

Knows nothing of networks and answers.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.language import _
from pages.shared.errors import guarded
from pages.shared.session import page_state

LONGEST = 4_000_000  # letters of a picture as it comes from the browser
START = "data:image/jpeg;base64,"
GLANCES, FROZEN = "camera_glances", "camera_frozen"  # where a page keeps how many were answered, and a frozen picture
_COMPONENT = st.components.v2.component(
    "camera",
    html='<div class="camera"></div>',
    js=Path(__file__).with_name("camera.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Snap:
    """A picture of the camera, in the shape of an uploaded file."""

    file_id: str
    content: bytes
    name: str = "camera.jpg"

    def getvalue(self) -> bytes:
        """The JPEG file."""
        return self.content


def frozen() -> Snap | None:
    """The picture that was frozen, if any."""
    return page_state().get(FROZEN)


def look_again() -> None:
    """Forget the frozen picture, and look on."""
    page_state().pop(FROZEN, None)


def live() -> Snap | None:
    """Show what the camera sees. Gives the newest picture of it, or None when there is none yet.

    It is for a fragment, which is drawn anew for each picture; the whole page is, when one is frozen.
    """
    shown = _COMPONENT(
        key="predict_live",
        data={
            "answered": page_state().get(GLANCES, 0),
            "words": {
                "video": _("What the camera sees"),
                "freeze": _("Freeze"),
                "nowhere": _(
                    "The camera works only where the address begins with https, or on the computer the app runs on."
                    " Choose “Photo” instead: a phone can take one there."
                ),
                "refused": _(
                    "The browser does not let this page use the camera. Allow it beside the address, and reload."
                ),
                "none": _("No camera was found, or another program uses it. Choose “Photo” instead."),
            },
        },
        default={"glance": None, "frozen": None},
        on_glance_change=lambda: None,
        on_frozen_change=guarded(_freeze),
    )
    if frozen():
        st.rerun()
    return _snap(shown.get("glance"))


def answered(snap: Snap) -> None:
    """Tell the camera that its picture was answered: the next one may come."""
    page_state()[GLANCES] = int(snap.file_id.rpartition("-")[2])


def _freeze() -> None:
    if snap := _snap(st.session_state["predict_live"].get("frozen")):
        page_state()[FROZEN] = snap


def _snap(sent: object) -> Snap | None:
    """A picture as the browser sent it; None when it is not one."""
    if not isinstance(sent, dict):
        return None
    number, picture = sent.get("number"), sent.get("picture")
    if not isinstance(number, int) or not isinstance(picture, str) or not picture.startswith(START):
        return None
    try:
        content = base64.b64decode(picture[len(START) :], validate=True) if len(picture) <= LONGEST else b""
    except binascii.Error:
        return None
    return Snap(f"camera-{number}", content) if content else None
