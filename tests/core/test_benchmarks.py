"""The benchmarks of people's pictures, of answers and of training measure what they say, and print and write it where
it belongs."""

import json
import re
import sys
import weakref
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import answers, pages, pictures, recipes, results, scale, shops, threads, training
from core.data import class_folders, naming, synthetic
from core.data.dataset import Dataset
from core.inference.eye import Joining, Seen
from core.inference.network import Calibration, Thresholds
from core.inference.verdict import Answer, Verdict
from core.labels import NAMES
from core.vision.decode import OPENED
from core.vision.quality import Problem
from core.vision.reading import Kind, Reading


def given(index: int, verdict: Verdict = Verdict.UNSURE) -> Answer:
    return Answer(index, NAMES[index], tuple(np.eye(10)[index]), verdict, "", "")


def answered(app: int, network: int, eye: int | None, plain: int) -> pictures.Answers:
    """Answers with nothing but an index, all sure."""
    by_eye = None if eye is None else given(eye, Verdict.SURE)
    return pictures.Answers(*(given(index, Verdict.SURE) for index in (app, network)), by_eye, given(plain))


def leaning(index: int, probability: float) -> np.ndarray:
    """Ten probabilities, the others alike."""
    shares = np.full(10, (1 - probability) / 9, np.float32)
    shares[index] = probability
    return shares


class SmallNetwork:
    """One that takes all for class 1, 95 in 100, and what is on white for class 2."""

    calibration = Calibration(thresholds={Kind.PHOTO: Thresholds(0.9, 0.3), Kind.DRAWING: Thresholds(0.9, 0.3)})

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return np.stack([leaning(2 if image.min() == 255 else 1, 0.95) for image in images])


class SecondEye:
    """One that takes all for class 3, 80 in 100."""

    joining = Joining(1.0, 0.5, Thresholds(0.99, 0.1))

    def __init__(self, sure: float) -> None:
        self.alone = Thresholds(sure, 0.1)

    def look(self, reading: Reading) -> Seen:
        return Seen(leaning(3, 0.8), np.zeros((10, 7, 7), np.float32))


def read(kind: Kind, finding: Problem | None = None) -> pictures.Readings:
    """A picture as the app reads it, and plain."""
    shown = {"views": np.zeros((3, 224, 224, 3), np.uint8)} if kind is Kind.PHOTO else {}
    app = Reading(np.zeros((28, 28), np.uint8), (), kind, 0.3, finding, **shown)
    return pictures.Readings(app, Reading(np.full((28, 28), 255, np.uint8), (), Kind.PHOTO, 1.0, None))


def trousers(path: Path) -> None:
    """Two blue legs on a white floor."""
    floor = np.full((200, 160, 3), 250, np.uint8)
    legs = np.array([(50, 15), (110, 15), (122, 185), (92, 185), (80, 70), (68, 185), (38, 185)])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.fillPoly(floor, [legs], (130, 50, 30)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One pair of trousers, one file that is no picture, one hat."""
    trousers(tmp_path / "photos" / "check" / "trouser" / "good.png")
    (tmp_path / "photos" / "check" / "trouser" / "bad.jpg").write_bytes(b"not a picture")
    trousers(tmp_path / "photos" / "none-of-the-ten" / "check" / "hat" / "hat.png")
    return tmp_path


def test_figures_are_those_counted_by_hand():
    labels = np.array([1, 1, 1, 3])
    answers = [given(1, Verdict.SURE), given(1, Verdict.SURE), given(8), given(5, Verdict.SURE)]
    figures = pictures.measure(labels, answers)
    assert figures == {
        "count": 4,
        "accuracy": 0.5,
        "macro_accuracy": 0.3333,
        "sure": 0.75,
        "right_when_sure": 0.6667,
        "called_bag": 0.25,
    }
    assert "right_when_sure" not in pictures.measure(labels, [given(1)] * 4)


def test_a_bag_called_bag_is_not_held_against_it():
    assert pictures.measure(np.array([8]), [given(8)])["called_bag"] == 0


def test_of_other_things_only_the_sure_answers_count():
    answers = [given(1, Verdict.SURE), given(1, Verdict.NONE), given(1, Verdict.UNCLEAR), given(1)]
    assert pictures.measure(np.full(4, -1), answers) == {"count": 4, "not_sure": 0.75}


def test_a_plain_resize_keeps_the_background_and_its_brightness():
    white = np.full((300, 200, 4), 255, np.uint8)
    assert max(white.shape) < OPENED
    assert (pictures.plain_resize(white).image == 255).all()


def test_a_photo_is_asked_of_both_eyes_of_each_alone_and_of_the_plain_resize():
    answers = pictures.ask(read(Kind.PHOTO), SmallNetwork(), SecondEye(sure=0.75))
    assert [one.index for one in (answers.app, answers.network, answers.eye, answers.plain)] == [1, 1, 3, 2]
    assert [one.verdict for one in (answers.app, answers.network, answers.eye, answers.plain)] == [
        Verdict.UNSURE,
        Verdict.SURE,
        Verdict.SURE,
        Verdict.SURE,
    ]
    assert answers.app.eyes and answers.network.eyes is None and answers.plain.eyes is None
    assert answers.eye.probabilities == pytest.approx(leaning(3, 0.8), abs=1e-4)


def test_the_second_eye_alone_is_as_sure_as_its_own_thresholds_and_findings_let_it_be():
    doubtful = pictures.ask(read(Kind.PHOTO), SmallNetwork(), SecondEye(sure=0.85))
    unclear = pictures.ask(read(Kind.PHOTO, next(iter(Problem))), SmallNetwork(), SecondEye(sure=0.75))
    assert [doubtful.eye.verdict, unclear.eye.verdict] == [Verdict.UNSURE, Verdict.UNCLEAR]


def test_asking_the_second_eye_alone_changes_nothing_in_it():
    eye = SecondEye(sure=0.85)
    assert pictures.alone(eye).joining == Joining(0.0, 1.0, eye.alone) and eye.joining is SecondEye.joining


def test_a_drawing_is_answered_by_the_small_network_alone():
    answers = pictures.ask(read(Kind.DRAWING), SmallNetwork(), SecondEye(sure=0.75))
    assert answers.eye is None and answers.app == answers.network and answers.app.index == 1


def listed(kind: str, labels: list[int]) -> list[class_folders.Listed]:
    return [class_folders.Listed(Path(f"{index}.png"), kind, label) for index, label in enumerate(labels)]


def test_each_eye_and_the_plain_resize_have_figures_of_their_own():
    files = listed("photos", [1, 1, 3, 3, 5])
    answers = [answered(1, 1, 3, 0), answered(1, 0, 1, 8), answered(3, 0, 3, 0), answered(1, 1, None, 0), "broken"]
    row = pictures.measure_kind(files, answers)
    assert (row["count"], row["accuracy"], row["called_bag"]) == (4, 0.75, 0)
    assert (row["network"]["count"], row["network"]["accuracy"]) == (4, 0.25)
    assert (row["eye"]["count"], row["eye"]["accuracy"]) == (3, 0.6667)  # of those it was shown
    assert (row["baseline"]["count"], row["baseline"]["accuracy"], row["baseline"]["called_bag"]) == (4, 0, 0.25)
    assert row["confusion"][3][1] == 1 and np.sum(row["confusion"]) == 4
    assert row["unreadable"] == [{"file": "4.png", "error": "broken"}]
    assert [cells[1:4] for cells in cells(pictures.table([row]))[2:]] == [
        ["by Fitting Room", "4", "75.0%"],
        ["small network alone", "4", "25.0%"],
        ["second eye alone", "3", "66.7%"],
        ["plain resize", "4", "0.0%"],
    ]


def test_drawings_have_no_line_of_the_second_eye_though_one_may_be_read_as_a_photo():
    drawings = [answered(1, 1, None, 0), answered(1, 1, None, 0), answered(3, 1, 3, 0)]
    row = pictures.measure_kind(listed("drawings", [1, 1, 1]), drawings)
    assert "eye" not in row and "network" not in row and row["accuracy"] == 0.6667
    assert [cells[1] for cells in cells(pictures.table([row]))[2:]] == ["by Fitting Room", "plain resize"]


def test_of_other_things_each_eye_says_how_often_it_is_not_sure():
    row = pictures.measure_kind(listed(naming.NONE, [-1]), [answered(1, 1, 3, 0)])
    shares = {name: row[name] for name in ("network", "eye", "baseline")}
    assert shares == {name: {"count": 1, "not_sure": share} for name, share in zip(shares, (0, 0, 1), strict=True)}
    assert row["not_sure"] == 0 and "confusion" not in row


def test_a_kind_of_which_nothing_can_be_read_has_one_line():
    row = pictures.measure_kind(listed("photos", [1]), ["broken"])
    assert [cells[:3] for cells in cells(pictures.table([row]))[2:]] == [["photos", "by Fitting Room", "0"]]


def test_readings_are_gone_before_the_next_piece_is_read(folder, monkeypatch):
    kept = []

    def read_many(paths, *others):
        assert len(paths) == 1 and not any(reading() for reading in kept)
        found = class_folders.read_many(paths, *others)
        kept.extend(weakref.ref(reading.app) for reading in found if not isinstance(reading, str))
        return found

    monkeypatch.setattr(pictures, "PIECE", 1)
    monkeypatch.setattr(pictures, "read_many", read_many)
    assert [row["count"] for row in pictures.measure_folder(folder)] == [1, 1] and len(kept) == 2


def test_a_folder_gives_a_row_a_kind_beside_the_plain_resize(folder, capsys):
    pictures.main([str(folder), "--json", "--confusion"])
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert printed.err == ""  # how far it is goes to a terminal only
    assert [row["kind"] for row in rows] == ["photos", "none-of-the-ten"]
    photos, others = rows
    assert photos["count"] == 1 and photos["network"]["accuracy"] == 1
    assert {photos[name]["count"] for name in ("network", "eye", "baseline")} == {1}
    assert [Path(one["file"]).name for one in photos["unreadable"]] == ["bad.jpg"] and "not a picture" in photos[
        "unreadable"
    ][0]["error"]
    assert np.sum(photos["confusion"][1]) == np.sum(photos["confusion"]) == 1
    assert (
        others["count"] == 1 and others["eye"]["count"] == 1 and "accuracy" not in others and "confusion" not in others
    )


def test_what_cannot_be_read_is_named_and_counted(folder, capsys, monkeypatch):
    monkeypatch.setattr(pictures, "PIECE", 2)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    pictures.main([str(folder), "--confusion"])
    printed = capsys.readouterr()
    assert "bad.jpg could not be read" in printed.out and "photos: 1 could not be read" in printed.out
    assert printed.err == "".join(f"\r{done} of 3 pictures read" for done in (1, 2, 3)) + "\n"
    assert "what it was taken for" in printed.out and "ankle-boot" in printed.out


def test_without_a_folder_the_check_parts_are_measured(folder, capsys, monkeypatch):
    trousers(folder / "photos" / "train" / "coat" / "left-out.png")
    monkeypatch.setenv("FITTING_ROOM_PICTURES", str(folder))
    pictures.main(["--json"])
    assert [json.loads(line)["count"] for line in capsys.readouterr().out.splitlines()] == [1, 1]


@pytest.mark.parametrize("arguments", [[], ["/nowhere/at/all"]])
def test_no_folder_is_one_sentence(arguments, capsys, monkeypatch):
    monkeypatch.delenv("FITTING_ROOM_PICTURES", raising=False)
    with pytest.raises(SystemExit) as ended:
        pictures.main(arguments)
    assert ended.value.code == 2 and "folder" in capsys.readouterr().err


def test_pictures_of_ones_own_never_go_into_the_readme(folder, capsys):
    before = [document.read_bytes() for document in results.DOCUMENTS]
    with pytest.raises(SystemExit):
        pictures.main([str(folder), "--readme"])
    assert "leave FOLDER or --readme out" in capsys.readouterr().err
    assert [document.read_bytes() for document in results.DOCUMENTS] == before


@pytest.fixture
def documents(tmp_path: Path, monkeypatch) -> list[Path]:
    """Two documents with an old text between the marks that the README and docs/results.md have."""
    copies = []
    for document in results.DOCUMENTS:
        names = re.findall("<!-- end of (.*?) -->", document.read_text(encoding="utf-8"))
        pieces = [f"{begin}\nold {name}\n{end}" for name in names for begin, end in [results.marks(name)]]
        copies.append(tmp_path / document.name)
        copies[-1].write_text("\n\n".join(["before", *pieces, "after\n"]), encoding="utf-8")
    monkeypatch.setattr(results, "DOCUMENTS", copies)
    return copies


def written(name: str, documents: list[Path]) -> str:
    """The text between the marks of a name in one of some documents."""
    begin, end = results.marks(name)
    [text] = [text for document in documents if begin in (text := document.read_text(encoding="utf-8"))]
    return text.split(f"{begin}\n")[1].split(f"\n{end}")[0]


def test_a_table_goes_between_its_marks_in_the_document_that_has_them(documents):
    readme, long = documents
    figures = pictures.measure(np.array([1]), [given(1, Verdict.SURE)])
    pictures.write_tables([{"kind": "photos", **figures, "baseline": {"count": 1, "accuracy": 0.0}}])
    assert written("pictures", [long]).startswith("| kind | read | pictures | right | right, mean")
    assert written("pictures-short", [readme]).startswith("| kind | read | pictures | right | right among the sure |")
    for name in ("pictures", "pictures-short"):
        table = written(name, documents)
        assert "| photos | by Fitting Room | 1 | 100.0% |" in table and "| plain resize | 1 | 0.0% |" in table
    for document in documents:
        text = document.read_text(encoding="utf-8")
        assert text.startswith("before\n\n<!-- ") and text.endswith(" -->\n\nafter\n")
        assert "old pictures" not in text and "old training" in text and "old recipes" in text


@pytest.mark.parametrize(
    "text", ["", "<!-- one -->", "<!-- end of one --><!-- one -->", 2 * "<!-- one --><!-- end of one -->"]
)
def test_nothing_is_written_where_the_marks_are_not_as_they_should_be(tmp_path, monkeypatch, text):
    document = tmp_path / "README.md"
    document.write_text(text, encoding="utf-8")
    monkeypatch.setattr(results, "DOCUMENTS", [document])
    with pytest.raises(LookupError, match="must stand once"):
        results.write("one", "new")
    assert document.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "document"),
    [
        *((f"{name}-short", "README.md") for name in ("recipes", "pictures", "training", "load")),
        ("load-breaks", "README.md"),
        *((name, "results.md") for name in ("recipes", "pictures", "training", "training-facts", "threads", "shops")),
        *((name, "results.md") for name in ("load", "load-goals")),
    ],
)
def test_one_document_has_each_pair_of_marks(name, document):
    counts = {
        path.name: [path.read_text(encoding="utf-8").count(mark) for mark in results.marks(name)]
        for path in results.DOCUMENTS
    }
    assert counts == {path.name: [1, 1] if path.name == document else [0, 0] for path in results.DOCUMENTS}


def test_the_tables_of_recipes_are_those_of_what_was_measured():
    assert written("recipes", results.DOCUMENTS) == recipes.table()
    assert written("recipes-short", results.DOCUMENTS) == recipes.table(recipes.SHORT)


@pytest.mark.parametrize("name", ["pictures", "training"])
def test_the_readme_shows_a_part_of_the_long_table(name):
    long, short = (cells(written(kind, results.DOCUMENTS)) for kind in (name, f"{name}-short"))
    kept = [long[0].index(column) for column in short[0]]
    assert short == [[row[column] for column in kept] for row in long]


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, row by row."""
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]


@pytest.fixture
def threads_of_opencv():
    """As many as before, after the test."""
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_a_large_photo_is_timed_from_its_file_to_its_answer_on_one_core(threads_of_opencv, monkeypatch):
    monkeypatch.setattr(answers, "LARGE", (400, 300))
    times = answers.from_file_to_answer(answers.large_photo(None), rounds=2)
    assert times.shape == (2, len(answers.STEPS) + 1) and (times > 0).all() and cv2.getNumThreads() == 1


def test_the_whole_of_a_large_photo_is_its_steps_and_the_baseline_stands_beside_it():
    times = np.array([[30.0, 100, 1, 50, 90], [30, 100, 1, 50, 90], [32, 110, 1, 60, 100]])
    lines = [re.sub(" +", " ", line) for line in answers.photo_lines(times)]
    assert lines == [
        "a photo of 12 megapixels, answered 181.00 ms 200.80 ms in 95 % 2.01 times as long as Pillow",
        " decoded 30.00 ms 31.80 ms in 95 % 0.33 times as long as Pillow",
        " read 100.00 ms 109.00 ms in 95 % 1.11 times as long as Pillow",
        " small network asked 1.00 ms 1.00 ms in 95 % 0.01 times as long as Pillow",
        " second eye asked and joined 50.00 ms 59.00 ms in 95 % 0.56 times as long as Pillow",
        "Pillow, the file decoded in full 90.00 ms 99.00 ms in 95 % 1.00 times as long as Pillow",
    ]


def test_the_large_photo_is_a_check_photo_enlarged_or_drawn(folder, monkeypatch):
    monkeypatch.setattr(answers, "LARGE", (400, 300))
    (folder / "photos" / "check" / "trouser" / "bad.jpg").unlink()
    drawn, enlarged = (
        cv2.imdecode(np.frombuffer(answers.large_photo(given), np.uint8), cv2.IMREAD_COLOR)
        for given in (None, str(folder))
    )
    assert drawn.shape == enlarged.shape == (400, 300, 3)
    assert drawn[200, 150, 2] < 80 and 150 < drawn[5, 5].min() < 200  # the cloth, the floor
    assert enlarged[60, 150, 0] > 100 and enlarged[5, 5].min() > 225  # the trousers, the floor


def test_made_shop_pictures_are_worn_unworn_and_in_pairs_on_every_ground(tmp_path):
    labels = np.arange(10, dtype=np.uint8)
    drawn = synthetic.draw(labels, seed=1)
    data = Dataset.of((drawn, labels, drawn, labels), "garments")
    shops.write_shops(data, tmp_path, 10)
    found = class_folders.find(tmp_path)
    assert len(found) == (2 * 10 + 3) * len(shops.GROUNDS) and {one.kind for one in found} == {
        path.name for path in tmp_path.iterdir()
    }
    for slug in ("t-shirt", "dress", "trouser", "ankle-boot"):
        unworn, worn = (
            cv2.imread(str(next((tmp_path / f"{way}, white" / slug).iterdir()))) for way in ("unworn", "worn")
        )
        assert worn.size > unworn.size and (unworn[0] > 245).all()
    for shoe in tmp_path.glob("shoes in pairs, white/*/*"):
        alone = cv2.imread(str(tmp_path / "unworn, white" / shoe.parent.name / shoe.name))
        assert 1.2 < (cv2.imread(str(shoe)) < 200).sum() / (alone < 200).sum() < 2.2
    clear = cv2.imread(str(next((tmp_path / "worn, transparent" / "coat").iterdir())), cv2.IMREAD_UNCHANGED)
    assert clear.shape[2] == 4 and 0.1 < (clear[..., 3] > 127).mean() < 0.9


def test_multiply_adds_are_those_counted_by_hand():
    rows = [
        {"shape": [26, 26, 64], "parameters": 640},
        {"shape": [13, 13, 64], "parameters": 0},
        {"shape": [10816], "parameters": 0},
        {"shape": [128], "parameters": 1384576},
    ]
    convolution, dense = 26 * 26 * 9 * 64, 10816 * 128
    assert training.multiply_adds(rows) == (convolution + dense, 2 * convolution + 3 * dense)
    assert training.multiply_adds(training.layers("hello-world")) == (784 * 128 + 1280, 2 * 784 * 128 + 3 * 1280)


def test_recipes_with_convolutions_are_timed_with_fewer_pictures_unless_asked():
    usual = {name: training.examples(name, None, 60_000) for name in training.RECIPES}
    assert usual == {
        "quick": 60_000,
        "hello-world": 60_000,
        "clothes-ann": 60_000,
        "five-steps": training.FEWER,
        "intuitive-cnn": training.FEWER,
        "new-abcd": training.FEWER,
    }
    assert training.examples("new-abcd", 20_000, 60_000) == 20_000 and training.examples("new-abcd", None, 900) == 900
    assert training.images_per_epoch(training.Plan.of("quick", epochs=2, examples=12_000), 60_000) == 11_400


class Pretended:
    """An app in which every picture takes a ten-thousandth of a second, and odd seeds fail."""

    data = type("Data", (), {"title": "drawn clothes", "train_labels": np.zeros(60_000, np.uint8)})

    def timed(self, plan: training.Plan) -> training.Timed:
        spent = plan.images(60_000) / 10_000
        return training.Timed(first=0.5, whole=spent + 2, training=spent, accuracy=0.89 if plan.seed % 2 else 0.91)


@pytest.fixture
def pretended(monkeypatch):
    """No worker, no other process."""
    answers = {
        training.plain: (11.4, 26.8),
        training.stored_and_not: [(3.0, 2.0), (2.1, 2.0)],
        training.multiply_adds_per_second: 1e10,
    }
    monkeypatch.setattr(training, "app", lambda data: nullcontext(Pretended()))
    monkeypatch.setattr(training, "in_new_process", lambda function, *_: answers[function])
    seconds = {threads.trained: {1: 10.0, 2: 6.0}, threads.plain: {1: (12.0, 0.0), 2: (6.0, 0.0)}}
    monkeypatch.setattr(threads, "in_new_process", lambda function, _plan, cores: seconds[function][cores])
    monkeypatch.setattr(threads.psutil, "cpu_count", lambda: 2)
    monkeypatch.setattr(training.sources, "load", lambda settings: Pretended.data)
    monkeypatch.setattr(training.measured, "results", lambda: {"intuitive-cnn": RIVAL})


RIVAL = {"test_accuracy": 0.9, "seconds": 2280.0, "epochs": 50, "date": "2026-11-24"}


def test_training_prints_ratios_section_by_section(pretended, capsys):
    training.main(["--recipes", "quick", "--seeds", "3"])
    printed = capsys.readouterr().out
    sections = dict(part.split(":", 1) for part in printed.split("\n\n")[1:])
    assert (
        list(sections)
        == list(training.SECTIONS)
        == ["recipes", "threads", "start", "live", "ninety", "seeds", "growth", "limit"]
    )
    quick = {
        name: [line.split()[1:] for line in text.splitlines() if line.startswith("quick ")]
        for name, text in sections.items()
    }
    assert quick["recipes"] == [["60,000", "11.40", "11.40", "1.00", "13.40", "26.80", "0.50"]]
    assert quick["start"] == [["0.50"]]
    assert "quickest" in sections["live"] and sections["live"].split()[-1] == "+5.0%"
    assert (
        "quick: 91.00% after 24.8 s from Start" in sections["ninety"]
        and "That is 100 times the training, 92 times" in sections["ninety"]
    )
    assert "2 of 3 reach 90%; worst 89.00%, median 22.8 s of training" in sections["seeds"]
    assert "6,000" in sections["growth"] and sections["growth"].splitlines()[-1].split() == [
        "60,000",
        "22.80",
        "10.0",
        "10.0",
        "3.80",
    ]
    forwards, learning = training.multiply_adds(training.layers("quick"))
    assert quick["limit"] == [[f"{forwards:,}", f"{learning:,}", "10,000", f"{1e4 * learning / 1e10:.0%}"]]


def test_training_writes_its_tables_where_they_belong(pretended, documents, capsys):
    training.main(["--readme", "--seeds", "3"])
    assert "| `quick` | 60,000 | 11.40 | 11.40 | 1.00 | 0.50 |" in written("training", documents)
    assert written("training", documents).count("\n") == written("training-short", documents).count("\n") == 7
    assert "| `quick` | 11.40 | 11.40 | 1.00 |" in written("training-short", documents[:1])
    assert written("training-facts", documents).splitlines() == [
        "- `quick` is at 91.0 % 24.8 s after Start, 92 times sooner than recipe `intuitive-cnn` as published.",
        "- 2 of 3 seeds reach 90 % (worst 89.0 %, median 22.8 s of training).",
        "- Storing every point for the live view: quickest of 2 each, 2.10 s with, 2.00 s without.",
    ]


def test_what_cores_bring_is_measured_and_carried_on_on_paper(pretended, documents, capsys):
    assert threads.counts(1) == [1] and threads.counts(6) == [1, 2, 4, 6] and threads.counts(8) == [1, 2, 4, 8]
    assert threads.share_alone(10, 6, 2) == pytest.approx(0.2) and threads.share_alone(10, 2, 4) == 0
    training.main(["--readme", "--only", "threads"])
    rows = [row for row in cells(written("threads", documents[1:])) if row[0] == "`five-steps`"]
    assert rows == [
        ["`five-steps`", "1", "10.00", "12.00", "0.83", "", ""],
        ["`five-steps`", "2", "6.00", "6.00", "1.00", "", ""],
        ["`five-steps`", "8, on paper", "3.00", "1.50", "2.00", "20%", "0%"],
    ]
    assert "old training" in documents[1].read_text(encoding="utf-8") and "quick" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--recipes", "quick"], ["--only", "recipes", "seeds", "live"]])
def test_a_part_of_the_training_table_is_not_written(arguments, capsys):
    with pytest.raises(SystemExit):
        training.main(["--readme", *arguments])
    assert "--readme needs all recipes and the sections recipes, ninety, seeds, live" in capsys.readouterr().err


def test_only_the_sections_asked_for_are_measured(pretended, capsys, monkeypatch):
    monkeypatch.setattr(training.measured, "results", dict)
    training.main(["--only", "ninety", "--seeds", "3"])
    printed = capsys.readouterr().out
    assert "intuitive-cnn: not measured in full" in printed and "seeds:" not in printed and "recipes:" not in printed
    with pytest.raises(SystemExit) as ended:
        training.main(["--only", "nothing"])
    assert ended.value.code == 2 and "invalid choice: 'nothing'" in capsys.readouterr().err


def test_ctrl_c_ends_the_measuring_with_a_word(pretended, capsys, monkeypatch):
    def interrupted(setup, findings):
        """What is interrupted"""
        raise KeyboardInterrupt

    monkeypatch.setitem(training.SECTIONS, "growth", interrupted)
    training.main(["--only", "start", "growth", "limit", "--recipes", "quick"])
    printed = capsys.readouterr().out
    assert "first point" in printed and printed.endswith("Stopped.\n") and "limit" not in printed


def test_a_page_is_told_beside_a_bare_one_and_what_it_cost_is_told_of_the_new_browser() -> None:
    ours = pages.Visits(pages.Visit(3, 1500, 9, 99, 0.5), pages.Visit(2, 1000, 60, 1234, 0.0123), 0.6)
    bare = pages.Visits(pages.Visit(2, 1, 1, 1, 0), pages.Visit(1, 2000, 1, 1, 0), 0.3)
    told = dict(zip(pages.HEADER[-5:], pages.row("Train", ours, bare)[-5:], strict=True))
    assert pages.row("Train", ours, bare)[:7] == ["Train", "3.00", "1.50", "2.00", "2.00", "0.60", "2.00"]
    assert told == {"kB": "1,000", "ratio": "0.50", "requests": "60", "elements": "1,234", "layout shift": "0.012"}


def test_scale_compares_with_as_many_times_one_worker_and_says_what_breaks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [scale.Stage(1, 10, 2.0, 5.0), scale.Stage(3, 27, 2.0, 15.0)]
    assert "| 1 | 10 | 5.00 | 1.00 | 100% |" in scale.table(stages)
    assert "| 3 | 27 | 13.50 | 2.70 | 90% |" in scale.table(stages)
    document = tmp_path / "results.md"
    begin, end = results.marks("load")
    document.write_text(
        f"{begin}\n| 30 watch, 30 browse, upload and draw | 9 | 1 | 5 | 0.1 | 3 | 0.9 | 0.50 | 9% |\n{end}"
    )
    monkeypatch.setattr(scale, "DOCUMENTS", (document,))
    said = scale.on_paper(writes=400.0, minutes=0.25, look=1e-6)
    training = scale.PEOPLE * scale.RUNS / scale.LESSON * 0.25
    written = training * scale.WRITES + training / 0.25 / 60 * scale.ENDS
    assert f"| {training:.1f} | {1000 * training:,.0f} |" in said and "| 0.50 | 500 | 2.0 classes a server |" in said
    assert f"it is the database, at about {400 / written:,.0f} classes" in said
    assert "an app server, at 2.0 classes" in said
    assert "it is the scheduler, at about" in scale.on_paper(writes=400.0, minutes=0.25, look=1.0)
