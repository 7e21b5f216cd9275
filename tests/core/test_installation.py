"""installation.py installs once, with uv or pip, and says plainly what is wrong."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
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
        (("Linux", "x86_64", 64, False), "AVX"),
        (("Windows", "AMD64", 64, False, 8_000_000_000), "AVX"),
        (("Linux", "x86_64", 64, True, 8_000_000_000), None),
        (("Linux", "x86_64", 64, None, None), None),
        (("Linux", "aarch64", 64, False), None),
        (("Darwin", "arm64", 64, False), None),
        (("Linux", "x86_64", 64, True, 2_040_000_000), "has 2.0 GB of memory.*needs about 4 GB"),
        (("Darwin", "arm64", 64, None, 2_999_999_999), "memory"),
        (("Linux", "x86_64", 64, True, 3_800_000_000), None),
        (("Linux", "x86_64", 64, False), "start.py --small"),
        (("Linux", "x86_64", 64, True, 2_040_000_000), "start.py --small"),
        (("Linux", "x86_64", 64, False, 1_900_000_000, True), None),
        (("Linux", "x86_64", 64, True, 1_000_000_000, True), "has 1.0 GB of memory.*2 GB where it does not train"),
        (("Linux", "x86_64", 64, True, 1_000_000_000), r"has 1.0 GB of memory[^\n]*Use another computer\.$"),
        (("Darwin", "x86_64", 64, None, None, True), "Apple chip"),
        (("Windows", "x86", 32, None, None, True), "64-bit"),
    ],
)
def test_machines_without_what_it_needs_are_named(machine, words):
    sentence = installation.machine_sentence(*machine)
    assert sentence is None if words is None else re.search(words, sentence)


@pytest.mark.parametrize(
    ("described", "avx"),
    [
        ("processor: 0\nflags\t\t: fpu sse4_2 avx avx2\n", True),
        ("flags\t: fpu sse4_2 avx2_of_another_name\n", False),
        ("Features\t: fp asimd\n", None),
        ("", None),
    ],
)
def test_a_processor_with_avx_is_told_from_one_without(tmp_path, described, avx):
    (tmp_path / "cpuinfo").write_text(described)
    assert installation.has_avx("Linux", tmp_path / "cpuinfo") is avx
    assert installation.has_avx("Darwin", tmp_path / "none") is None


def test_the_memory_is_that_of_the_computer_or_less_in_a_container(tmp_path):
    limit = tmp_path / "memory.max"
    whole = installation.memory_of(platform.system(), limit)
    assert whole == pytest.approx(psutil.virtual_memory().total, rel=0.1)
    for text, bytes_there in (("max\n", whole), ("2000000000\n", 2_000_000_000), (f"{10**18}\n", whole)):
        limit.write_text(text)
        assert installation.memory_of(platform.system(), limit) == bytes_there or os.name == "nt"


@pytest.mark.parametrize("facts", [{"has_avx": False}, {"memory_of": 2_000_000_000}])
def test_a_computer_that_cannot_train_is_told_before_anything_is_fetched(tmp_path, monkeypatch, facts):
    setup = Setup(tmp_path, monkeypatch, [])
    monkeypatch.setattr(installation.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(installation.platform, "system", lambda: "Linux")
    for name, fact in facts.items():
        monkeypatch.setattr(installation, name, lambda system, fact=fact: fact)
    with pytest.raises(installation.Trouble, match="Use another computer"):
        installation.set_up(development=False)
    assert setup.asked == []


def test_a_folder_that_cannot_be_written_is_told_what_to_do_and_what_is_installed_there_still_runs(
    tmp_path, monkeypatch
):
    setup = Setup(tmp_path, monkeypatch, [None])
    (tmp_path / "in the way").touch()
    with monkeypatch.context() as patch:
        patch.setattr(installation, "NOTES", tmp_path / "in the way" / "notes")
        with pytest.raises(installation.Trouble, match="cannot be written.*Copy the whole project"):
            installation.set_up(development=False)
    assert setup.asked == []
    installation.set_up(development=False)
    monkeypatch.setattr(installation, "NOTES", tmp_path / "in the way" / "notes")
    installation.set_up(development=False)
    assert len(setup.asked) == 1


def test_a_full_disk_is_named_with_both_figures():
    installation.need_room(5_000_000_000, installation.LOCK)
    installation.need_room(1_600_000_000, installation.SMALL)
    with pytest.raises(installation.Trouble, match=r"1\.2 GB are free, Fitting Room needs 4 GB.*start again\.$"):
        installation.need_room(1_200_000_000, installation.LOCK)
    with pytest.raises(installation.Trouble, match=r"1\.6 GB are free, Fitting Room needs 4 GB[^\n]*\n.*--small"):
        installation.need_room(1_600_000_000, installation.LOCK)
    with pytest.raises(installation.Trouble, match=r"1\.2 GB are free, Fitting Room needs 1\.5 GB"):
        installation.need_room(1_200_000_000, installation.SMALL)


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


RANGES, TRAINING_RANGES, DEVELOPMENT_RANGES = ["numpy>=2,<3"], ["tensorflow>=2,<3"], ["pytest>=9,<10"]
PROJECT_TABLE = f"""
[project]
dependencies = {RANGES}
optional-dependencies.train = {TRAINING_RANGES}
optional-dependencies.dev = {DEVELOPMENT_RANGES}
"""


class Setup:
    """installation.set_up in a folder of its own, with the installer replaced by prepared answers."""

    def __init__(self, folder: Path, monkeypatch, answers: list[str | None]):
        self.asked, self.anew, self.stamp = [], [], folder / "installed.txt"
        locks = self.small, self.app, self.development = [folder / name for name in installation.LOCKS]
        for lock in locks:
            lock.write_text(f"{lock.name}==1\n")
        (folder / "pyproject.toml").write_text(PROJECT_TABLE)
        monkeypatch.setattr(installation, "PROJECT", folder)
        monkeypatch.setattr(installation, "NOTES", folder / "notes")
        monkeypatch.setattr(installation, "LOG", folder / "notes" / "install.log")
        monkeypatch.setattr(installation, "CHOICE", folder / "notes" / "size")
        monkeypatch.setattr(installation, "VENV", folder)
        monkeypatch.setattr(installation, "STAMP", self.stamp)
        monkeypatch.setattr(installation, "make_environment", lambda uv, anew: self.anew.append(anew))
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
    ("development", "ranges"),
    [(False, [*RANGES, *TRAINING_RANGES]), (True, [*RANGES, *TRAINING_RANGES, *DEVELOPMENT_RANGES])],
    ids=["app", "development"],
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
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk became full"),
        ("Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'", "no network"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
            "too long",
        ),
        ("ERROR: [Errno 13] Permission denied: '.venv/lib'", "could not be written"),
        ("Collecting numpy\nERROR: something else", "ERROR: something else"),
        ("error: Failed to fetch: `six`\n  cause: dns error", "no network"),
        ("error: failed to write\n  cause: No space left on device (os error 28)", "disk became full"),
        (
            "Could not fetch URL https://pypi.org/simple/pip/: There was a problem confirming the ssl certificate: "
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ...",
            "SSL_CERT_FILE and PIP_CERT",
        ),
        (
            "error: Failed to fetch: `https://pypi.org/simple/six/`\n  cause: invalid peer certificate: UnknownIssuer",
            "pip download -d wheels -r requirements.txt",
        ),
        ("error: Failed to download `six`\n  cause: Hash mismatch for `six`", "not the one this app was tested with"),
        ("Resolved 3 packages in 1ms\nerror: it broke\n  cause: so it is", "error: it broke\n    cause: so it is"),
    ],
)
def test_what_an_installer_says_becomes_a_sentence(said, words):
    assert words in installation.explain(said, installation.LOCK)


def test_a_disk_that_became_full_is_told_how_much_is_missing_and_what_remains(tmp_path):
    sentence = installation.no_room(free=100_000_000, installed=1_500_000_000, lock=installation.LOCK)
    assert "0.1 GB are free" in sentence and "2.4 GB more room" in sentence
    assert "(1.5 GB) stays in" in sentence and str(installation.VENV) in sentence
    assert "0.5 GB more room" in installation.no_room(free=10**9, installed=10**10, lock=installation.LOCK)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(bytes(1234))
    assert installation.size_of(tmp_path) == 1234 and installation.size_of(tmp_path / "none") == 0


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
import os, sys
open({str(tmp_path / "certificate")!r}, "a").write(str(os.environ.get("SSL_CERT_FILE")) + "\\n")
open({str(tmp_path / "asked")!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
print("Resolved 1 package in 1ms", file=sys.stderr)
sys.exit(int(open({str(status)!r}).read()))
""")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(uv.parent))
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
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


def test_uv_is_told_what_pip_would_read_in_the_environment(fake_uv, monkeypatch):
    uv, start = str(fake_uv / "bin" / "uv"), f"pip install --python {fake_uv / 'python'}"
    installation.install(["numpy"], uv)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "wheels more")
    installation.install(["numpy"], uv)
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.school/simple")
    monkeypatch.setenv("PIP_CERT", "school.pem")
    installation.install(["numpy"], uv)
    assert (fake_uv / "asked").read_text().splitlines() == [
        f"{start} numpy",
        f"{start} --no-index --find-links wheels --find-links more numpy",
        f"{start} --index-url https://mirror.school/simple numpy",
    ]
    assert (fake_uv / "certificate").read_text().splitlines() == ["None", "None", "school.pem"]


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


def make_wheel(folder: Path) -> Path:
    """A package called thing that holds nothing."""
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in (("METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"), ("RECORD", "")):
            wheel.writestr(f"thing-1.0.dist-info/{name}", text)
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return path


def test_pip_refuses_a_package_with_another_checksum(tmp_path, monkeypatch):
    if not installation.runs([sys.executable, "-m", "pip", "--version"]):
        pytest.skip("this environment was made by uv and has no pip")
    make_wheel(tmp_path)
    (tmp_path / "the.lock").write_text(f"thing==1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(installation, "LOG", tmp_path / "install.log")
    monkeypatch.setattr(installation, "environment_python", lambda: Path(sys.executable))
    here = ["--dry-run", "--no-index", "--find-links", str(tmp_path)]
    output = installation.install([*here, "--require-hashes", "-r", str(tmp_path / "the.lock")], None)
    assert "not the one this app was tested with" in installation.explain(output, installation.LOCK)


def test_pip_installs_from_a_folder_of_files_where_no_index_can_be_reached(tmp_path, monkeypatch):
    if not installation.runs([sys.executable, "-m", "pip", "--version"]):
        pytest.skip("this environment was made by uv and has no pip")
    wheel = make_wheel(tmp_path)
    checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "the.lock").write_text(f"thing==1.0 --hash=sha256:{checksum}\n")
    monkeypatch.setattr(installation, "LOG", tmp_path / "install.log")
    monkeypatch.setattr(installation, "environment_python", lambda: Path(sys.executable))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wanted = ["--dry-run", "--require-hashes", "-r", str(tmp_path / "the.lock")]
    assert installation.install(wanted, None) is None
    assert "Would install thing-1.0" in (tmp_path / "install.log").read_text()


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
