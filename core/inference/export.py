"""Answers to take home: one as a picture that needs no other file, many as a table in CSV. Made in memory only.

Knows nothing of pages or of how an answer comes about.
"""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from core.errors import PictureError
from core.inference.verdict import Answer
from core.labels import COLOURS, NAMES
from core.vision.reading import Reading

WIDE, HIGH, EDGE = 1000, 720, 48  # px
PAPER, INK, SOFT, TILE = "#faf7f2", "#1d1a16", "#6a6258", "#f1ebe1"
ROW = 38  # px from one bar to the next


def card(reading: Reading, answer: Answer, verdict: str, network: str) -> bytes:
    """A picture of one answer, a PNG: what was cut out, the 28 x 28, the answer and its verdict in words, ten bars, who
    answered."""
    sheet = Image.new("RGB", (WIDE, HIGH), PAPER)
    pen = ImageDraw.Draw(sheet)
    shown = reading.stages[min(1, len(reading.stages) - 1)].picture
    _tile(sheet, shown, 300, (EDGE, EDGE), hard=len(shown) == len(reading.image))
    _tile(sheet, reading.image, 300, (EDGE, EDGE + 324), hard=True)
    left, width = EDGE + 348, WIDE - 2 * EDGE - 348
    pen.text((left, EDGE - 4), _drawable(verdict), SOFT, _font(24))
    pen.text((left, EDGE + 28), answer.called, INK, _font(56))
    reason = f"{answer.reason[:1].upper()}{answer.reason[1:]}."
    y = EDGE + 108
    for line in _wrapped(pen, _drawable(reason), width)[:3]:
        pen.text((left, y), line, SOFT, _font(20))
        y += 28
    _bars(pen, answer.probabilities, left, EDGE + 212, width)
    pen.text((left, HIGH - EDGE - 18), _drawable(f"Fitting Room · {network}"), SOFT, _font(18))
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def csv(rows: Sequence[tuple[str, Answer | PictureError]]) -> str:
    """Answers as a table: file, label, verdict, ten probabilities.

    A file without an answer has its reason as the verdict.
    """
    table = [
        (
            {"file": name, "label": "", "verdict": str(reply)}
            if isinstance(reply, PictureError)
            else {"file": name, "label": reply.label, "verdict": reply.verdict}
            | {of: round(share, 4) for of, share in zip(NAMES, reply.probabilities, strict=True)}
        )
        for name, reply in rows
    ]
    return pd.DataFrame(table, columns=["file", "label", "verdict", *NAMES]).to_csv(index=False)


def _tile(sheet: Image.Image, picture: np.ndarray, side: int, corner: tuple[int, int], hard: bool) -> None:
    """Put a picture (h, w) or (h, w, 3) uint8 into a square tile of the sheet, whole and in its middle."""
    tile = Image.new("RGB", (side, side), TILE)
    image = Image.fromarray(picture).convert("RGB")
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.NEAREST if hard else Image.Resampling.LANCZOS)
    tile.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    sheet.paste(tile, corner)


def _bars(pen: ImageDraw.ImageDraw, probabilities: Sequence[float], left: int, top: int, width: int) -> None:
    begin, full = left + 126, width - 126 - 72
    best = int(np.argmax(probabilities))
    for index, share in enumerate(probabilities):
        y = top + ROW * index
        words = INK if index == best else SOFT
        pen.text((begin - 14, y + 12), NAMES[index], words, _font(19), anchor="rm")
        pen.rounded_rectangle((begin, y, begin + max(3, round(full * share)), y + 24), 4, COLOURS[index])
        pen.text((begin + max(3, round(full * share)) + 10, y + 12), f"{share:.0%}", words, _font(19), anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont:
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
