"""`predict`: files, folders, patterns and the standard input; answers in one line, and what cannot be answered."""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageDraw

from core.command.pictures import in_words
from core.command.reading import pictures_in
from core.data.dataset import Dataset
from core.errors import RunError
from core.inference.explanation import WITHOUT_EYE
from core.inference.eye import DAMAGED, Eye
from core.inference.verdict import Answer, Verdict
from core.settings import Settings
from core.vision.reading import read_photo
from tests.core.command.conftest import Command

PROJECT = Path(__file__).resolve().parents[3]
SHARES = (0.01,) * 4 + (0.91,) + (0.01,) * 5


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with pictures and other files in `photos` and below."""
    for name in ("b.png", "a.JPG", "notes.txt", "below/deep/c.webp", ".hidden.png", "__MACOSX/b.png", ".git/d.png"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"a picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos" / "odd[1].png").write_bytes(b"a picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def meant(*words: str) -> list[str]:
    return [file.replace(os.sep, "/") for file, problem in pictures_in(words) if not problem]


def test_a_folder_means_its_pictures_and_those_below(photos: Path) -> None:
    whole = ["photos/a.JPG", "photos/b.png", "photos/below/deep/c.webp", "photos/odd[1].png"]
    assert meant("photos") == meant("photos/") == whole
    assert meant("photos/below", "photos/b.png") == ["photos/below/deep/c.webp", "photos/b.png"]


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("photos/*.png", ["photos/b.png", "photos/odd[1].png"]),
        ("photos/*", ["photos/a.JPG", "photos/b.png", "photos/notes.txt", "photos/odd[1].png"]),
        ("photos/**/*.webp", ["photos/below/deep/c.webp"]),
        ("photos/[ab].*", ["photos/a.JPG", "photos/b.png"]),
        ("photos/?.png", ["photos/b.png"]),
        ("photos/odd[1].png", ["photos/odd[1].png"]),
        ("nowhere.png", ["nowhere.png"]),
        ("-", ["-"]),
    ],
)
def test_a_pattern_means_the_files_that_fit(photos: Path, pattern: str, files: list[str]) -> None:
    assert meant(pattern) == files


def test_what_means_no_picture_says_so(command: Command, photos: Path) -> None:
    said = command("predict", "empty", "*.gif", "photos/[x].png", "nowhere.png", "")
    assert said.status == 1 and said.out == ""
    folder, *patterns, nowhere, nothing = said.err.splitlines()
    assert folder.startswith("empty: This folder holds no pictures, nor do those in it. Pictures end in .jpg, ")
    assert all(
        line.endswith(": No file has a name that fits this pattern. Check it; capital letters count.")
        for line in patterns
    )
    assert nowhere == "nowhere.png: This file cannot be read (No such file or directory). Check its name and place."
    assert "cannot be read" in nothing
    rows = command("predict", "empty", "photos", "--json").rows
    assert [Path(row["file"]).name for row in rows] == ["empty", "a.JPG", "b.png", "c.webp", "odd[1].png"]
    assert all("error" in row for row in rows)


def boot(small: Dataset, file: Path) -> bytes:
    Image.fromarray(255 - small.test_images[1]).resize((280, 280)).save(file)
    return file.read_bytes()


def test_the_standard_input_is_a_picture(
    command: Command, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = boot(small, tmp_path / "boot.png")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))
    (row,) = command("predict", "-", "--json").rows
    assert row["file"] == "-" and row["label"]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))
    assert command("predict", "-").out.startswith("standard input: ")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    assert "“-” stands for a file that another program hands over" in command("predict", "-").err


def test_the_shipped_network_answers_without_a_store(
    command: Command, home: Settings, small: Dataset, tmp_path: Path
) -> None:
    photo = tmp_path / "boot.png"
    boot(small, photo)
    (row,), (without,) = (
        command("predict", str(photo), "--json").rows,
        command("predict", str(photo), "--eye", "off", "--json").rows,
    )
    assert set(row) >= {"file", "label", "index", "probabilities", "verdict", "milliseconds"}
    assert set(row["eyes"]) == {"network", "eye"}
    assert all(len(shares) == 10 and sum(shares) == pytest.approx(1, abs=1e-3) for shares in row["eyes"].values())
    assert without["eyes"] is None and without["probabilities"] == row["eyes"]["network"] != row["probabilities"]
    assert not list(home.folder.glob("*.sqlite"))


@pytest.mark.parametrize(
    ("verdict", "reason", "words"),
    [
        (Verdict.SURE, "91\u00a0% for Coat", "Coat, 91\u00a0%, sure"),
        (Verdict.UNSURE, "it could be Coat or Shirt", "Coat?, 91\u00a0%, unsure. It could be Coat or Shirt."),
        (
            Verdict.NONE,
            "it looks like none of the ten things I know",
            "none of the ten. It looks like none of the ten things I know.",
        ),
        (Verdict.UNCLEAR, "I cannot find one garment", "Coat?, 91\u00a0%, unclear. I cannot find one garment."),
    ],
)
def test_an_answer_says_each_thing_once(verdict: Verdict, reason: str, words: str) -> None:
    assert in_words(Answer(4, "Coat", SHARES, verdict, reason, "")) == words


def test_the_second_eye_is_loaded_for_photos_only_and_one_warning_says_that_it_cannot(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def damaged() -> Eye:
        loaded.append(1)
        raise RunError(DAMAGED)

    monkeypatch.setattr("core.inference.eye.second_eye", damaged)
    photo, lines = tmp_path / "bag.png", tmp_path / "lines.png"
    Image.effect_noise((200, 200), 90).convert("RGB").save(photo)
    drawing = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(drawing).polygon([(80, 60), (320, 60), (340, 340), (60, 340)], outline=0, width=6)
    drawing.save(lines)
    assert not len(read_photo(lines.read_bytes(), 10**6).views)
    for words, tries in (([str(lines)], 0), ([str(photo), "--eye", "off"], 0), ([str(photo)] * 3, 1)):
        loaded.clear()
        said = command("predict", *words)
        assert len(loaded) == tries and said.err == f"{WITHOUT_EYE}\n" * tries
    assert said.status == 0 and len(said.out.splitlines()) == 3


def test_files_that_are_none_or_without_end_are_said_and_not_read_to_their_end(
    command: Command, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.png"
    with open(huge, "wb") as file:
        file.truncate(10_000_000_000)  # of which the disk holds nothing
    files = {
        str(huge): "more than 40 MB",
        str(tmp_path / "none"): "cannot be read",
        "a\0b": "No file can have this name",
    }
    if Path("/dev/zero").exists():
        files["/dev/zero"] = "more than 40 MB"
    rows = command("predict", *files, "--json").rows
    for row, (file, words) in zip(rows, files.items(), strict=True):
        assert row["file"] == file and words in row["error"]
    assert "more than 40 MB" in command("load", "quick", str(huge)).error


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_with_a_name_that_is_no_text_is_named_all_the_same(home: Settings, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.png"
    done = subprocess.run([sys.executable, "-m", "core", "predict", name], cwd=PROJECT, capture_output=True)
    assert done.returncode == 1 and b"\\udcff.png: This file cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr
