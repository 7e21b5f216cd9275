"""installation.py installs once, with uv or pip, and says plainly what is wrong."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import installation

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (("Darwin", "x86_64", 64), "Apple chip"),
        (("Windows", "AMD64", 32), "64-bit"),
        (("Darwin", "arm64", 64), None),
        (("Linux", "aarch64", 64), None),
    ],
)
def test_machines_without_tensorflow_are_named(machine, words):
    sentence = installation.machine_sentence(*machine)
    assert sentence is None if words is None else words in sentence


def test_a_full_disk_is_named_with_both_figures():
    installation.need_room(5_000_000_000)
    with pytest.raises(installation.Trouble, match=r"1\.2 GB are free, Fitting Room needs 4 GB"):
        installation.need_room(1_200_000_000)


def test_a_missing_venv_names_the_package_of_debian():
    assert "sudo apt install python3.12-venv" in installation.venv_sentence((3, 12), "Linux")
    assert "apt" not in installation.venv_sentence((3, 12), "Windows")


def stamp_of(folder: Path, *files: Path) -> str:
    return "\n".join([*installation.digests(list(files)), installation.present(folder)])


def test_the_stamp_holds_until_a_line_changes(tmp_path):
    lock, development, stamp = (tmp_path / name for name in ("lock", "development", "stamp"))
    lock.write_text("numpy==1\n")
    development.write_text("pytest==1\n")
    assert not installation.installed([lock], stamp)
    stamp.write_text(stamp_of(tmp_path, lock, development))
    assert installation.installed([lock], stamp) and installation.installed([lock, development], stamp)
    stamp.write_text(stamp_of(tmp_path, lock))
    assert installation.installed([lock], stamp) and not installation.installed([lock, development], stamp)
    lock.write_text("numpy==2\n")
    assert not installation.installed([lock], stamp)


@pytest.mark.parametrize("packages", ["lib/python3.12/site-packages", "Lib/site-packages"])
def test_the_stamp_holds_until_another_installer_changes_the_packages(tmp_path, packages):
    lock, stamp, folder = tmp_path / "lock", tmp_path / "stamp", tmp_path / packages
    lock.write_text("numpy==1\n")
    (folder / "numpy-1.dist-info").mkdir(parents=True)
    stamp.write_text(stamp_of(tmp_path, lock))
    assert installation.installed([lock], stamp)
    (folder / "numpy-1.dist-info").rename(folder / "numpy-2.dist-info")
    assert not installation.installed([lock], stamp)


def test_a_stamp_without_words_is_no_installation(tmp_path):
    (tmp_path / "lock").write_text("numpy==1\n")
    (tmp_path / "stamp").touch()
    assert not installation.installed([tmp_path / "lock"], tmp_path / "stamp")


RANGES, DEVELOPMENT_RANGES = ["numpy>=2,<3"], ["pytest>=9,<10"]
PROJECT_TABLE = f"""
[project]
dependencies = {RANGES}
optional-dependencies.dev = {DEVELOPMENT_RANGES}
"""


class Setup:
    """installation.set_up in a folder of its own, with the installer replaced by prepared answers."""

    def __init__(self, folder: Path, monkeypatch, answers: list[str | None]):
        self.asked, self.stamp = [], folder / "installed.txt"
        self.app, self.development = (folder / name for name in (installation.LOCK, installation.DEVELOPMENT))
        for lock in (self.app, self.development):
            lock.write_text(f"{lock.name}==1\n")
        (folder / "pyproject.toml").write_text(PROJECT_TABLE)
        monkeypatch.setattr(installation, "PROJECT", folder)
        monkeypatch.setattr(installation, "VENV", folder)
        monkeypatch.setattr(installation, "STAMP", self.stamp)
        monkeypatch.setattr(installation, "make_environment", lambda uv: None)
        monkeypatch.setattr(installation, "version_of", lambda command: (3, 12))
        monkeypatch.setattr(installation, "install", lambda wanted, uv: self.asked.append(wanted) or answers.pop(0))


def locked(file: Path) -> list[str]:
    return ["--require-hashes", "-r", str(file)]


def test_the_second_start_installs_nothing(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, [None])
    installation.set_up(development=False)
    installation.set_up(development=False)
    assert setup.asked == [locked(setup.app)]


def test_an_app_with_the_tests_packages_needs_no_second_installation(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, [None])
    installation.set_up(development=True)
    installation.set_up(development=False)
    assert setup.asked == [locked(setup.development)]


def test_an_interrupted_installation_is_done_again(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, ["ERROR: Exception", None])
    with pytest.raises(installation.Trouble):
        installation.set_up(development=False)
    assert not setup.stamp.exists()
    installation.set_up(development=False)
    assert setup.asked == [locked(setup.app), locked(setup.app)]


@pytest.mark.parametrize(
    ("development", "ranges"), [(False, RANGES), (True, [*RANGES, *DEVELOPMENT_RANGES])], ids=["app", "development"]
)
@pytest.mark.parametrize(
    "answer",
    ["ERROR: No matching distribution found for tensorflow==2.21.0", "error: No solution found when resolving"],
    ids=["pip", "uv"],
)
def test_where_the_pins_do_not_exist_the_ranges_are_taken(tmp_path, monkeypatch, capsys, answer, development, ranges):
    setup = Setup(tmp_path, monkeypatch, [answer, None])
    installation.set_up(development)
    assert setup.asked == [locked(setup.development if development else setup.app), ranges]
    assert "nearest" in capsys.readouterr().err


def test_a_package_that_was_changed_is_not_taken_by_its_range(tmp_path, monkeypatch):
    setup = Setup(tmp_path, monkeypatch, ["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."])
    with pytest.raises(installation.Trouble, match="not the one this app was tested with"):
        installation.set_up(development=False)
    assert setup.asked == [locked(setup.app)]


def test_a_set_up_environment_is_silent(tmp_path, monkeypatch, capsys):
    Setup(tmp_path, monkeypatch, [None])
    installation.set_up(development=False)
    assert capsys.readouterr().out == ""  # standard output is the verb's
    installation.set_up(development=False)
    assert capsys.readouterr() == ("", "")


def test_without_a_network_the_ranges_are_not_tried(tmp_path, monkeypatch):
    setup = Setup(
        tmp_path,
        monkeypatch,
        ["WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found for numpy"],
    )
    with pytest.raises(installation.Trouble, match="no network"):
        installation.set_up(development=False)
    assert setup.asked == [locked(setup.app)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'", "no network"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
            "too long",
        ),
        ("ERROR: [Errno 13] Permission denied: '.venv/lib'", "could not be written"),
        ("Collecting numpy\nERROR: something else", "ERROR: something else"),
        ("error: Failed to fetch: `six`\n  cause: dns error", "no network"),
        ("error: failed to write\n  cause: No space left on device (os error 28)", "disk is full"),
        ("error: Failed to download `six`\n  cause: Hash mismatch for `six`", "not the one this app was tested with"),
        ("Resolved 3 packages in 1ms\nerror: it broke\n  cause: so it is", "error: it broke\n    cause: so it is"),
    ],
)
def test_what_an_installer_says_becomes_a_sentence(said, words):
    assert words in installation.explain(said)


def test_progress_follows_pip():
    progress = installation.Progress(total=2)
    steps = []
    for line in (
        "Collecting numpy==2.4.6 (from -r requirements.txt (line 3))",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (6.6 kB)",
        "Collecting pandas==3.1.1",
        "Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.6 MB)",
        "Using cached pandas-3.1.1-cp311-cp311-win_amd64.whl (from -r requirements.txt (line 4))",
        "Installing collected packages: numpy, pandas",
    ):
        progress.read(line)
        steps.append((str(progress).count("#"), progress.words))
    assert [words.split(",")[0] for _, words in steps] == [
        "Finding numpy",
        "Finding numpy",
        "Finding pandas",
        "Fetching numpy (16.6 MB)",
        "Fetching pandas",
        "Unpacking everything",
    ]
    assert [bar for bar, _ in steps] == [2, 2, 4, 10, 16, 16]


def test_progress_follows_uv():
    progress = installation.Progress(total=40)
    steps = []
    for line in (
        "Using Python 3.12.4 environment at: .venv",
        "Resolved 40 packages in 590ms",
        "Downloading tensorflow (545.9MiB)",
        "Downloading numpy (16.1MiB)",
        " Downloaded numpy",
        " Downloaded tensorflow",
        "Prepared 40 packages in 16.62s",
        " + numpy==2.4.6",
    ):
        progress.read(line)
        steps.append((str(progress).count("#"), progress.words.split(",")[0]))
    assert steps == [
        (0, "Asking for the packages"),
        (4, "Asking for the packages"),
        (4, "Fetching tensorflow (545.9MiB)"),
        (4, "Fetching numpy (16.1MiB)"),
        (10, "Fetching tensorflow (545.9MiB)"),
        (16, "Fetching the rest"),
        (16, "Unpacking everything"),
        (16, "Unpacking everything"),
    ]


@pytest.fixture
def fake_uv(tmp_path, monkeypatch):
    """A command uv that writes down what it was asked and ends with the status that is in a file."""
    if os.name == "nt":
        pytest.skip("a script is no command there")
    uv, status = tmp_path / "bin" / "uv", tmp_path / "status"
    uv.parent.mkdir()
    status.write_text("0")
    uv.write_text(f"""#!{sys.executable}
import sys
open({str(tmp_path / "asked")!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
print("Resolved 1 package in 1ms", file=sys.stderr)
sys.exit(int(open({str(status)!r}).read()))
""")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(uv.parent))
    monkeypatch.setattr(installation, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(installation, "LOG", tmp_path / "install.log")
    monkeypatch.setattr(installation, "environment_python", lambda: tmp_path / "python")
    return tmp_path


def test_uv_is_used_where_it_is_there(fake_uv, capsys):
    uv = installation.find_uv()
    assert uv == str(fake_uv / "bin" / "uv")
    installation.make_environment(uv)
    assert installation.install(["--require-hashes", "-r", "the.lock"], uv) is None
    assert (fake_uv / "asked").read_text().splitlines() == [
        "--version",
        f"venv --python {sys.executable} --clear {fake_uv / '.venv'}",
        f"pip install --python {fake_uv / 'python'} --require-hashes -r the.lock",
    ]
    assert "[####" in capsys.readouterr().err


def test_a_uv_that_does_not_run_is_not_used(fake_uv):
    (fake_uv / "status").write_text("127")
    assert installation.find_uv() is None


def test_without_uv_pip_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installation.find_uv() is None


def test_what_a_failing_uv_says_is_kept(fake_uv):
    (fake_uv / "status").write_text("2")
    assert "Resolved 1 package" in installation.install(["numpy"], str(fake_uv / "bin" / "uv"))
    assert "Resolved 1 package" in (fake_uv / "install.log").read_text()


def test_where_uv_cannot_make_the_environment_its_reason_is_shown(fake_uv):
    (fake_uv / "status").write_text("2")
    with pytest.raises(installation.Trouble, match="could not be made:\nResolved"):
        installation.make_environment(str(fake_uv / "bin" / "uv"))


def test_pip_refuses_a_package_with_another_checksum(tmp_path, monkeypatch):
    if not installation.runs([sys.executable, "-m", "pip", "--version"]):
        pytest.skip("this environment was made by uv and has no pip")
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in (("METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"), ("RECORD", "")):
            wheel.writestr(f"thing-1.0.dist-info/{name}", text)
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (tmp_path / "the.lock").write_text(f"thing==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(installation, "LOG", tmp_path / "install.log")
    monkeypatch.setattr(installation, "environment_python", lambda: Path(sys.executable))
    here = ["--dry-run", "--no-index", "--find-links", str(tmp_path)]
    output = installation.install([*here, "--require-hashes", "-r", str(tmp_path / "the.lock")], None)
    assert "not the one this app was tested with" in installation.explain(output)


def test_lines_come_as_they_are_printed():
    process = subprocess.Popen([sys.executable, "-c", "print('one'); print('two')"], stdout=subprocess.PIPE)
    with process:
        assert [line.strip() for line in installation.lines_of(process) if line] == ["one", "two"]


def test_a_python_that_does_not_run_has_no_version():
    assert installation.version_of([str(PROJECT / "no-such-python")]) is None
    assert installation.version_of([sys.executable]) == sys.version_info[:2]


@pytest.mark.parametrize(
    ("version", "fitting"),
    [
        ((2, 7), False),
        ((3, 8, 18), False),
        ((3, 10, 13), False),
        ((3, 11, 0), True),
        ((3, 13, 5), True),
        ((3, 14, 0), False),
    ],
)
def test_python_3_11_to_3_13_fit(version, fitting):
    assert installation.fits(version) is fitting
