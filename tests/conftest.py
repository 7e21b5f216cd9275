"""What all tests share: a home of their own, small data, and what must be there for some of them (a browser, real data,
pictures, PostgreSQL).

Tests that need something absent are left out, which one line in the summary says loudly. FITTING_ROOM_REQUIRE, a list
like `browser,data,pictures,postgres,machines`, turns an absent thing into a failure at once.
"""

import gzip
import os
import secrets
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.files import FILES
from core.data.sources import read_folder
from core.runs import dialects
from core.runs.store import Store, open_store
from core.settings import Settings
from tests.machines import possible
from tests.postgres import Server, programs

# marker -> (word in FITTING_ROOM_REQUIRE, what is absent and how to bring it)
NEEDS = {
    "browser": ("browser", "no Chromium was found; install one or set FITTING_ROOM_CHROMIUM to its path"),
    "real_data": ("data", "FITTING_ROOM_DATA names no folder with the real Fashion-MNIST"),
    "pictures": ("pictures", "FITTING_ROOM_PICTURES names no folder with photos and drawings"),
    "machines": ("machines", "no hosts with a network of their own can be made; be root on Linux, with iproute2"),
    "postgres": ("postgres", "no PostgreSQL server was found; install the system's package, postgresql on Debian"),
}
for profile, examples in (("ci", 60), ("long", 5_000)):  # of each test that makes up its own files
    hypothesis.settings.register_profile(
        profile, derandomize=profile == "ci", deadline=None, database=None, max_examples=examples
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
LEFT_OUT = pytest.StashKey[dict[str, int]]()


def chromium_path() -> str | None:
    """The browser for tests: FITTING_ROOM_CHROMIUM, else one on the path, else Playwright's own; None when there is
    none."""
    given = os.environ.get("FITTING_ROOM_CHROMIUM")
    if given:
        return given if Path(given).is_file() else None
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    browsers = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folders = (
        [Path(browsers)]
        if browsers
        else [
            Path.home() / ".cache/ms-playwright",
            Path.home() / "Library/Caches/ms-playwright",
            Path.home() / "AppData/Local/ms-playwright",
        ]
    )
    programs = ("chrome-linux*/chrome", "chrome-win*/chrome.exe", "chrome-mac*/*.app/Contents/MacOS/*")
    found = (
        path
        for folder in folders
        for program in programs
        for path in sorted(folder.glob(f"chromium-*/{program}"), reverse=True)
    )
    return next(map(str, found), None)


def absent() -> set[str]:
    """The markers whose things are not on this machine."""
    data, pictures = (os.environ.get(f"FITTING_ROOM_{name}", "") for name in ("DATA", "PICTURES"))
    there = {
        "browser": chromium_path() is not None,
        "real_data": bool(data) and Path(data).is_dir(),
        "pictures": bool(pictures) and (Path(pictures) / "photos").is_dir(),
        "postgres": programs() is not None,
        "machines": possible(),
    }
    return {marker for marker, found in there.items() if not found}


def pytest_configure(config: pytest.Config) -> None:
    for marker, (_, words) in NEEDS.items():
        config.addinivalue_line("markers", f"{marker}: left out when {words.split(';')[0]}")
    config.stash[LEFT_OUT] = {}
    required = {word.strip() for word in os.environ.get("FITTING_ROOM_REQUIRE", "").split(",") if word.strip()}
    if unknown := required - {word for word, _ in NEEDS.values()}:
        known = ", ".join(word for word, _ in NEEDS.values())
        raise pytest.UsageError(f"FITTING_ROOM_REQUIRE names {', '.join(sorted(unknown))}; it knows {known}.")
    failing = [words for marker, (word, words) in NEEDS.items() if word in required and marker in absent()]
    if failing:
        raise pytest.UsageError(f"FITTING_ROOM_REQUIRE asks for more than there is: {'. Also, '.join(failing)}.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = absent()
    kept, dropped = [], []
    for item in items:
        lacking = next((marker for marker in NEEDS if marker in missing and item.get_closest_marker(marker)), None)
        if lacking:
            dropped.append(item)
            config.stash[LEFT_OUT][lacking] = config.stash[LEFT_OUT].get(lacking, 0) + 1
        else:
            kept.append(item)
    if dropped:
        items[:] = kept
        config.hook.pytest_deselected(items=dropped)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes share the tests: one a core and four at most; for chosen files or tests this one alone."""
    chosen = all("::" in word or word.endswith(".py") for word in config.args)
    processes = min(4, os.cpu_count() or 1)
    return 0 if chosen or processes == 1 else processes


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where several processes share the tests, each tells the one that prints what it left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Each process has looked through all tests: what one of them left out is what all did."""
    node.config.stash[LEFT_OUT].update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for marker, count in config.stash[LEFT_OUT].items():
        terminalreporter.write_line(
            f"NOT TESTED: {count} {marker} tests were left out: {NEEDS[marker][1]}.", yellow=True, bold=True
        )


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write pictures (n, 28, 28) or labels (n,) uint8 as an idx file, packed when the name ends in .gz."""
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)


@pytest.fixture(scope="session", autouse=True)
def no_ones_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing a test does may touch or read the folders of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITTING_ROOM_HOME", str(tmp_path_factory.mktemp("session-home")))
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        for name in ("STORE", "SCHEDULER"):
            patch.delenv(f"FITTING_ROOM_{name}", raising=False)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a home folder of this test's own, and no worker processes."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("FITTING_ROOM_HOME", str(folder))
    monkeypatch.setenv("FITTING_ROOM_WORKERS", "0")
    return Settings.from_environment()


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    """The store of that home."""
    store = open_store(home.store_url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, for tests marked `postgres`."""
    server = Server()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own, whose server seems to have run for long."""
    monkeypatch.setattr(dialects, "POSTGRES_STARTED", "0.0")
    name = f"test_{secrets.token_hex(4)}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def garments() -> Dataset:
    """1,200 + 400 drawn clothes."""
    from core.data.synthetic import make

    return Dataset.of(make(train=1_200, test=400, seed=0), "garments")


@pytest.fixture(scope="session")
def small_folder(garments: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn clothes as a folder of idx files, for FITTING_ROOM_DATA: quick to load in any process."""
    folder = tmp_path_factory.mktemp("small")
    arrays = (garments.train_images, garments.train_labels, garments.test_images, garments.test_labels)
    for name, array in zip(FILES, arrays, strict=True):
        write_idx(folder / f"{name}.gz", array)
    return folder


@pytest.fixture(scope="session")
def small(small_folder: Path) -> Dataset:
    """What the app finds in `small_folder`."""
    return read_folder(small_folder)


@pytest.fixture(scope="session")
def real() -> Dataset:
    """The real Fashion-MNIST; for tests marked `real_data`."""
    return read_folder(Path(os.environ["FITTING_ROOM_DATA"]))


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder with `photos` and `drawings`; for tests marked `pictures`."""
    return Path(os.environ["FITTING_ROOM_PICTURES"])
