"""Answers to take home: a picture that holds everything, and a table."""

import csv as csv_module
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from core.errors import PictureError
from core.inference import export
from core.inference.export import EYES_LINE, EYES_STEP, MARGIN, PAPER, TOGETHER_LINE, card, csv
from core.inference.verdict import NEITHER, Answer, Eyes, Verdict
from core.labels import COLOURS, NAMES
from core.vision.reading import read_drawing, read_sample

SURE = Answer(8, "Bag", tuple([0.01] * 8 + [0.9, 0.02]), Verdict.SURE, "90% for Bag", "")
NETWORK, EYE = tuple([0.05] * 8 + [0.57, 0.03]), tuple([0.95] + [0.005] * 8 + [0.01])
BOTH = replace(SURE, eyes=Eyes(NETWORK, EYE, ("Bag", "T-shirt/top")))
LONG = Answer(
    8,
    "Bag",
    tuple([0.1] * 10),
    Verdict.UNCLEAR,
    "I cannot find one garment in this picture: " + "there are several things " * 8,
    "",
)


def reading(kind: str):
    if kind == "sample":
        return read_sample(np.full((28, 28), 77, np.uint8))
    canvas = np.zeros((200, 300, 4), np.uint8)
    canvas[20:180, 40:44] = canvas[20:180, 256:260] = canvas[20:24, 40:260] = canvas[176:180, 40:260] = 255
    return read_drawing(canvas)


@pytest.mark.parametrize("kind", ["sample", "drawing"])
@pytest.mark.parametrize("answer", [SURE, LONG, BOTH])
def test_a_card_is_a_picture_with_the_28_dots_and_ten_bars(kind, answer):
    picture = Image.open(io.BytesIO(card(reading(kind), answer, "✓ Sure", "“my run” …")))
    assert picture.format == "PNG" and picture.size == (1000, 720)
    pixels = np.asarray(picture).reshape(-1, 3)
    lengths = [int((pixels == ImageColor.getrgb(colour)).all(axis=1).sum()) for colour in COLOURS]
    assert all(lengths) and (
        lengths[8] > 10 * max(lengths[:8]) if answer is not LONG else max(lengths) < 2 * min(lengths)
    )
    if kind == "sample":
        assert (pixels == 77).all(axis=1).sum() >= 2 * 300 * 300


def test_two_different_answers_give_two_different_cards():
    same = card(reading("sample"), SURE, "✓ Sure", "one")
    assert same == card(reading("sample"), SURE, "✓ Sure", "one")
    assert same != card(reading("sample"), SURE, "? Not sure", "one")


def test_a_card_says_whose_the_bars_are_and_what_each_eye_said():
    eyes = (None, BOTH.eyes, Eyes(NETWORK, EYE, ("Bag", NEITHER)))
    cards = [card(reading("sample"), replace(SURE, eyes=each), "✓ Sure", "one") for each in eyes]
    without, both, neither = (np.asarray(Image.open(io.BytesIO(each)).convert("L"), int) for each in cards)
    heading, first, second = (range(top, top + EYES_STEP) for top in (TOGETHER_LINE, EYES_LINE, EYES_LINE + EYES_STEP))
    rows = set(np.flatnonzero((without != both).any(axis=1)).tolist())
    assert all(rows & set(line) for line in (heading, first, second)) and rows <= {*heading, *first, *second}
    rows = set(np.flatnonzero((both != neither).any(axis=1)).tolist())
    assert rows and rows <= set(second)


def test_a_card_names_the_network_and_gives_none_of_the_ten_no_figure(monkeypatch):
    lines = []
    monkeypatch.setattr(export, "_line", lambda pen, words, *_: lines.append(words))
    for said, whose in ((("Bag", NEITHER), "“my run”"), (("Bag", "T-shirt/top"), "the small network")):
        card(reading("sample"), replace(SURE, eyes=Eyes(NETWORK, EYE, said)), "✓ Sure", "one", whose)
    assert lines[:3] == ["Both eyes together", "“my run”: Bag 57 %", "The second eye: None of the ten"]
    assert lines[4:7] == ["Both eyes together", "The small network: Bag 57 %", "The second eye: T-shirt/top 95 %"]


@pytest.mark.parametrize("eyes", [None, Eyes(EYE, EYE, ("T-shirt/top", NEITHER))])
@pytest.mark.parametrize("network", ["one", "W" * 60, "a network with quite a long name that somebody gave it, " * 2])
def test_nothing_on_a_card_is_wider_than_the_card(eyes, network):
    answer = replace(LONG, eyes=eyes)
    picture = Image.open(io.BytesIO(card(reading("sample"), answer, "? Not sure", network, network)))
    pixels = np.asarray(picture)
    edges = (pixels[:, -MARGIN + 2 :], pixels[-MARGIN + 8 :], pixels[:, :MARGIN], pixels[: MARGIN - 8])
    assert all((edge == ImageColor.getrgb(PAPER)).all() for edge in edges)


def test_a_table_has_a_row_for_each_file_and_a_reason_where_there_is_no_answer():
    table = pd.read_csv(io.StringIO(csv([("my, bag.jpg", SURE), ("letter.png", PictureError("This file is empty."))])))
    assert list(table.columns)[:13] == ["file", "label", "verdict", *NAMES]
    assert table["file"].tolist() == ["my, bag.jpg", "letter.png"]
    assert table["verdict"].tolist() == ["sure", "This file is empty."]
    assert table.loc[0, "Bag"] == 0.9 and table.loc[0, "label"] == "Bag"
    assert table.loc[1, list(NAMES)].isna().all()


def test_a_table_has_what_each_eye_said_behind_what_both_say():
    rows = [("bag.jpg", BOTH), ("drawing.png", SURE), ("letter.png", PictureError("This file is empty."))]
    table = pd.read_csv(io.StringIO(csv(rows)))
    eyes = [*(f"small network: {name}" for name in NAMES), *(f"second eye: {name}" for name in NAMES)]
    assert list(table.columns)[13:] == eyes
    assert table.loc[0, eyes].tolist() == [*NETWORK, *EYE] and table.loc[0, list(NAMES)].tolist() == [
        *SURE.probabilities
    ]
    assert table.loc[1:, eyes].isna().all(axis=None) and table.loc[1, "Bag"] == 0.9


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_no_cell_of_a_table_is_a_formula(name: str):
    for reply in (SURE, PictureError(name)):
        [row] = csv_module.DictReader(io.StringIO(csv([(name, reply)]), newline=""))
        assert row["file"] == f"'{name}"
        assert row["Bag"] in ("0.9", "") and (reply is SURE or row["verdict"] == f"'{name}")
    other = f"bag.jpg;{name}"  # where lists are written with semicolons
    [_, row] = csv_module.reader(io.StringIO(csv([(other, SURE)]), newline=""), delimiter=";")
    assert row[0].startswith(other) and not any(cell.startswith("=") for cell in row)
