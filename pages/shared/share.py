"""A link to what is on the screen: to copy, and as a QR code for those who only have a camera.

Knows nothing of what the pages put into their addresses.
"""

import base64
import html
import io
from functools import lru_cache
from urllib.parse import urlencode, urlsplit, urlunsplit

import qrcode
import qrcode.image.svg
import streamlit as st

from core.language import _

OWN_VIEW = {"present", "lang"}  # words of an address that are for this window, not for whoever gets the link
LONGEST = 500  # characters of a link; a code of more would be too fine for a camera
HERE_ONLY = {"localhost", "127.0.0.1", "[::1]", "::1"}


def address(**words: str) -> str:
    """The address of the page as it is shown, with other `words` in it where they are given; "" takes one out."""
    place = urlsplit(st.context.url or "")
    asked = {word: value for word, value in st.query_params.to_dict().items() if word not in OWN_VIEW} | words
    query = urlencode({word: value for word, value in asked.items() if value})
    return urlunsplit((place.scheme, place.netloc, place.path, query, ""))


@lru_cache(maxsize=64)
def _drawn(link: str) -> str:
    """The QR code of a link as the address of an SVG picture in itself."""
    code = qrcode.QRCode(border=2)
    code.add_data(link)
    drawn = io.BytesIO()
    code.make_image(image_factory=qrcode.image.svg.SvgPathFillImage).save(drawn)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"


def qr_code(link: str) -> str:
    """The QR code of a link, as HTML; nothing for a link that is too long for one."""
    if len(link) > LONGEST:
        return ""
    return f'<img class="qr" src="{_drawn(link)}" alt="{html.escape(_("QR code of this link"))}">'


def share(label: str, **words: str) -> None:
    """The QR code, the link and a button that copies it; for the page as it is shown, or with `words` in its address.

    A link to this computer is of no use on another: that is said with it.
    """
    link = address(**words)
    shown = html.escape(link, quote=True)
    st.html(
        f'<section class="share"><h3>{html.escape(label)}</h3>{qr_code(link)}<code>{shown}</code>'
        f'<button type="button" data-copy="{shown}">{html.escape(_("Copy link"))}</button></section>'
    )
    if urlsplit(link).hostname in HERE_ONLY:
        st.caption(_("This link works on this computer only. For a class, start the app with --share."))


def share_menu(key: str, note: str = "", /, **words: str) -> None:
    """A button that opens `share`, for one thing among others on a page, with a `note` in it."""
    with st.popover(_("Share"), icon=":material/share:", key=key):
        share(_("Share this"), **words)
        if note:
            st.caption(note)
