"""Answers to keep: one as a picture that needs no other file, many as a table in CSV. Made in memory only.

Knows nothing of pages or of how an answer comes about.
"""

import csv as tables
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from core.errors import PictureError
from core.inference.explanation import said_alone
from core.inference.verdict import Answer
from core.labels import COLOURS, NAMES
from core.language import N_, percent
from core.vision.reading import Reading
from core.words import cell

WIDTH, HEIGHT, MARGIN = 1000, 720, 48  # px
PAPER, INK, SOFT_INK, TILE = "#faf7f2", "#1d1a16", "#6a6258", "#f1ebe1"
TILE_SIDE, TILE_STEP = 300, 324  # px, side of a picture, and from one to the next
LINE = 28  # px from one line of the reason to the next
ROW = 33  # px from one bar to the next
TOGETHER = N_("Both eyes together")  # whose bars are the large ones, where two eyes were asked
TOGETHER_LINE, BARS, EYES_LINE = 240, 270, 604  # px from the top: that, the first bar, what the first eye said
EYES_STEP = 24  # px from there to what the second one said
EYES = ("small network", "second eye")
EYES_COLUMNS = tuple(f"{eye}: {name}" for eye in EYES for name in NAMES)


def card(reading: Reading, answer: Answer, verdict: str, network: str, whose: str = "the small network") -> bytes:
    """A PNG of one answer: the cut-out, the input image, the answer, its verdict in words, ten bars, who answered, and
    what each of two eyes said; `whose` is what the small network is called there, in a few letters.

    All of it is to be English: the letters it is drawn with are no others.
    """
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(sheet)
    cut_out = reading.stages[min(1, len(reading.stages) - 1)].picture
    _tile(sheet, cut_out, (MARGIN, MARGIN), hard=len(cut_out) == len(reading.image))
    _tile(sheet, reading.image, (MARGIN, MARGIN + TILE_STEP), hard=True)
    left, width = MARGIN + 348, WIDTH - 2 * MARGIN - 348
    pen.text((left, MARGIN - 4), _drawable(verdict), SOFT_INK, _font(24))
    pen.text((left, MARGIN + 28), answer.called, INK, _font(56))
    y = MARGIN + 108
    for line in _wrapped(pen, _drawable(answer.sentence), width)[:3]:
        pen.text((left, y), line, SOFT_INK, _font(20))
        y += LINE
    _bars(pen, answer.probabilities, left, BARS, width)
    if answer.eyes:
        _line(pen, TOGETHER, left, TOGETHER_LINE, width, INK)
        shares = (answer.eyes.network, answer.eyes.eye)
        for number, (eye, said, ten) in enumerate(
            zip((whose, "the second eye"), answer.eyes.said, shares, strict=True)
        ):
            words = f"{eye[:1].upper()}{eye[1:]}: {said_alone(said, ten)}"
            _line(pen, words, left, EYES_LINE + EYES_STEP * number, width)
    _line(pen, f"Fitting Room · {network}", left, HEIGHT - MARGIN - 18, width)
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def csv(rows: Sequence[tuple[str, Answer | PictureError]], truth: Sequence[int] | None = None) -> str:
    """Answers as a table: file, label, verdict, ten probabilities, then ten of each of two eyes, where two were asked.
    No name of a file is taken for a formula where the table is opened.

    A file without an answer has its reason as the verdict. Where the true classes are given, they stand behind the
    file, and whether the answer is right.
    """
    table = [
        (
            {"file": cell(name), "label": "", "verdict": cell(str(reply))}
            if isinstance(reply, PictureError)
            else {"file": cell(name), "label": reply.label, "verdict": reply.verdict.value}
            | _rounded(NAMES, reply.probabilities)
            | (_rounded(EYES_COLUMNS, (*reply.eyes.network, *reply.eyes.eye)) if reply.eyes else {})
        )
        for name, reply in rows
    ]
    frame = pd.DataFrame(table, columns=["file", "label", "verdict", *NAMES, *EYES_COLUMNS])
    if truth is not None:
        frame.insert(1, "class", [NAMES[label] for label in truth])
        right = np.where(frame["label"] == frame["class"], "yes", "no")
        frame.insert(2, "right", np.where(frame["label"] == "", "", right))
    return frame.to_csv(index=False, quoting=tables.QUOTE_NONNUMERIC)  # or a semicolon in a name would begin a cell


def _rounded(names: Sequence[str], shares: Sequence[float]) -> dict[str, str | float]:
    return {name: round(share, 4) for name, share in zip(names, shares, strict=True)}


def _tile(sheet: Image.Image, picture: np.ndarray, corner: tuple[int, int], hard: bool) -> None:
    """Put a picture (h, w) or (h, w, 3) uint8 into a square tile of the sheet, whole and in its middle; `hard` keeps
    the edges of its pixels."""
    tile = Image.new("RGB", (TILE_SIDE, TILE_SIDE), TILE)
    image = Image.fromarray(picture).convert("RGB")
    scale = TILE_SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.NEAREST if hard else Image.Resampling.LANCZOS)
    tile.paste(image, ((TILE_SIDE - size[0]) // 2, (TILE_SIDE - size[1]) // 2))
    sheet.paste(tile, corner)


def _bars(pen: ImageDraw.ImageDraw, probabilities: Sequence[float], left: int, top: int, width: int) -> None:
    """Ten bars, each with its class before it and its percentage after it."""
    begin, full = left + 126, width - 126 - 72
    best = int(np.argmax(probabilities))
    for index, share in enumerate(probabilities):
        y, end = top + ROW * index, begin + max(3, round(full * share))
        ink = INK if index == best else SOFT_INK
        pen.text((begin - 14, y + 12), NAMES[index], ink, _font(19), anchor="rm")
        pen.rounded_rectangle((begin, y, end, y + 24), 4, COLOURS[index])
        pen.text((end + 10, y + 12), percent(share), ink, _font(19), anchor="lm")


def _line(pen: ImageDraw.ImageDraw, words: str, left: int, top: int, width: int, ink: str = SOFT_INK) -> None:
    """One line, in smaller letters or cut short where it would be wider than `width` pixels."""
    words = _drawable(words)
    size = next((size for size in (18, 17, 16, 15) if pen.textlength(words, _font(size)) <= width), 15)
    cut = words
    while pen.textlength(cut, _font(size)) > width:
        words = words[:-1]
        cut = f"{words.rstrip()}..."
    pen.text((left, top), cut, ink, _font(size))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _drawable(words: str) -> str:
    """The words without signs that Pillow's own font does not have."""
    return words.translate(
        {ord("✓"): None, ord("✗"): None, ord("“"): '"', ord("”"): '"', ord("’"): "'", ord("…"): "..."}
    ).strip()


def _wrapped(pen: ImageDraw.ImageDraw, words: str, width: int) -> list[str]:
    """The words in lines of at most `width` pixels."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if pen.textlength(longer, _font(20)) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
