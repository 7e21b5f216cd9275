"""A network as one HTML file that needs no other: its numbers, what computes with them, paper to draw on, a place for
photos.

It works from a USB stick, without this app, a server or the internet. Its parts lie in `page/`. Knows nothing of runs,
nor of the app's own pages.
"""

import base64
import hashlib
import html
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from core.inference import verdict
from core.inference.network import Calibration
from core.inference.steps import steps_of
from core.inference.verdict import Verdict
from core.labels import CLASSES, COLOURS, SLUGS, names
from core.language import N_, _, percent, tag
from core.vision import templates
from core.vision.quality import PHOTO_TIP, Problem
from core.vision.reading import Kind

PARTS = Path(__file__).with_name("page")
SCRIPTS = ("network.js", "reading.js", "photo.js", "page.js")
STATIC = Path(__file__).parents[2] / "pages" / "static"
FONT = "figtree-latin-wght-normal.woff2"
PHOTOS = ("coat", "sneaker")  # sample photos, as in SLUGS
PHOTO_SIDE, PHOTO_QUALITY = 240, 70  # px; of 100
PAPER = 320  # px, as the page draws
FIRST = 1  # the class whose outline lies on the paper at first
PENS = {"10": N_("Thin"), "21": N_("Medium"), "36": N_("Thick")}  # px
SIGNS = {
    Verdict.SURE: N_("✓ Sure"),
    Verdict.UNSURE: N_("? Not sure"),
    Verdict.NONE: N_("✗ None of the ten"),
    Verdict.UNCLEAR: N_("? I cannot make it out"),
}
PROBLEMS = {
    "nothing": Problem.NOTHING_FOUND,
    "fills": Problem.FILLS_PICTURE,
    "small": Problem.TOO_SMALL,
    "background": Problem.BACKGROUND_LEFT,
    "several": Problem.SEVERAL_THINGS,
    "two": Problem.TWO_THINGS,
    "drawing": Problem.SMALL_DRAWING,
}
SAID = {  # by the script
    "hint": N_("Draw the outline of one piece of clothing, large, and close it all the way round."),
    "unreadable": N_("This file is not a picture that this browser can open. Try a JPEG or a PNG."),
    "old": N_("This browser is too old for this page. Open it with a newer one, of 2023 or later."),
    "else": N_("Something else"),
    "doubtful": N_("{name}?"),
    "sentence": N_("{sentence}."),
    "unclear": N_("I cannot find one garment in this picture: {problem}"),
    "certainty": N_("{percent} for {garment}"),
    "doubt": N_("it could be {garment} or {other}"),
    "none": N_("it looks like none of the ten things I know"),
}
ASK_THE_APP = {  # where a network has never seen such pictures
    Kind.PHOTO: N_("In Fitting Room itself you can ask a network that has seen photos, too."),
    Kind.DRAWING: N_("In Fitting Room itself you can ask a network that has seen drawings, too."),
}
WRITTEN = {  # in the page
    "paper_label": N_("Paper to draw on. Without a pen, choose one of the drawings or photos below."),
    "hint": SAID["hint"],
    "pen": N_("Pen"),
    "undo": N_("Undo"),
    "clear": N_("Clear"),
    "bring": N_("Choose a photo"),
    "take": N_("Take a photo"),
    "answer_label": N_("The answer"),
    "seen_label": N_("The picture that was answered"),
    "seen": N_("28 × 28: all that the network sees"),
    "bars_label": N_("How likely each class is, the most likely first"),
    "simpler": N_(
        "This page looks for the garment by the colours at the edge of the photo. The app itself reads photos better."
    ),
    "samples": N_("Or try one of these"),
    "about": N_("About this network"),
    "private": N_("What you draw or bring stays in this page: it loads nothing and sends nothing."),
    "licence": N_(
        "Made with Fitting Room, which is free (MIT licence). Fashion-MNIST is by Zalando SE (MIT licence); the letters"
        " are Figtree (SIL Open Font License). The drawings and photos here were made by program."
    ),
    "noscript": N_("This page needs JavaScript. Switch it on, or open the page in another browser."),
}


@dataclass(frozen=True, eq=False)
class Portable:
    """What a page is made of."""

    title: str
    network: bytes  # .tflite
    calibration: Calibration
    facts: Mapping[str, str]  # by their terms, in the reader's language


def page_of(portable: Portable) -> bytes:
    """A network as one HTML file. Raises RunError when it cannot be read."""
    network = steps_of(portable.network)
    font = base64.b64encode((STATIC / FONT).read_bytes()).decode()
    style = _part("page.css").replace("$font", font)
    script = "".join(_part(name) for name in SCRIPTS)
    known = {
        "steps": network.steps,
        "temperature": portable.calibration.temperature,
        "thresholds": {
            kind: {"sure": limits.sure, "none": limits.none} for kind, limits in portable.calibration.thresholds.items()
        },
        **_words(portable.calibration.uploaded),
        "colours": COLOURS,
        "outlines": [
            [stroke.round(1).tolist() for stroke in templates.outline(label, PAPER)] for label in range(len(CLASSES))
        ],
        "photos": [{"label": SLUGS.index(slug), "jpeg": _photo(slug)} for slug in PHOTOS],
        "first": FIRST,
    }
    written = {name: html.escape(_(words)) for name, words in WRITTEN.items()}
    facts = "".join(
        f"<dt>{html.escape(term)}</dt><dd>{html.escape(text)}</dd>" for term, text in portable.facts.items()
    )
    pens = "".join(
        f'<label><input type="radio" name="pen" value="{size}"{" checked" * (size == "21")}>{html.escape(_(words))}'
        "</label>"
        for size, words in PENS.items()
    )
    page = Template(_part("page.html")).substitute(
        written,
        lang=tag(),
        policy=_policy(style, script),
        title=html.escape(portable.title),
        lead=html.escape(_("A network that tells ten kinds of clothes apart. Draw one, or bring a photo.")),
        style=style,
        pens=pens,
        facts=facts,
        page=json.dumps(known, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        numbers=base64.b64encode(packed(network.numbers)).decode(),
        script=script,
    )
    return page.encode()


def packed(numbers: np.ndarray) -> bytes:
    """Numbers (n,) float32, first the lowest byte of each, then the next of each, ..., which packs well."""
    return zlib.compress(np.ascontiguousarray(numbers, "<f4").view(np.uint8).reshape(-1, 4).T.tobytes())


def _words(uploaded: bool) -> dict[str, Any]:
    """All that the script says, in the reader's language."""
    called = names()
    described = _("{garment}: {description}.")
    only = _("this network knows only the pictures somebody brought, so its answer is a guess")
    kinds = (Kind.PHOTO, Kind.DRAWING)
    return {
        "names": called,
        "described": [
            described.format(garment=name, description=_(garment.description))
            for name, garment in zip(called, CLASSES, strict=True)
        ],
        "signs": {kind: _(words) for kind, words in SIGNS.items()},
        "problems": {word: (problem.words, problem.tip) for word, problem in PROBLEMS.items()},
        "guess": {kind: only if uploaded else _(verdict.NEVER_SEEN[kind]) for kind in kinds},
        "ask": {kind: _(ASK_THE_APP[kind]) for kind in kinds},
        "tips": {Kind.PHOTO: _(PHOTO_TIP), Kind.DRAWING: _(verdict.DRAWING_TIP)},
        "words": {name: _(words) for name, words in SAID.items()}
        | {
            "known": _("I know {garments}.").format(garments=", ".join(called)),
            "percent": percent(0.5).replace("50", "{n}"),
        },
    }


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _photo(slug: str) -> str:
    """A sample photo, small, as the base64 of a JPEG."""
    content = io.BytesIO()
    with Image.open(STATIC / "samples" / f"{slug}.jpg") as picture:
        picture.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BOX).save(content, "JPEG", quality=PHOTO_QUALITY)
    return base64.b64encode(content.getvalue()).decode()


def _policy(style: str, script: str) -> str:
    """What a browser may do for this page: run these very words, and load nothing."""
    sources = {"script-src": script, "style-src": style}
    hashes = {
        name: f"'sha256-{base64.b64encode(hashlib.sha256(words.encode()).digest()).decode()}'"
        for name, words in sources.items()
    }
    rules = {"default-src": "'none'", **hashes, "img-src": "data:", "font-src": "data:"}
    rules |= {"base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in rules.items())
