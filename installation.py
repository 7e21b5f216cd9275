"""Makes the virtual environment of Fitting Room hold its packages: with uv where it is there, else with pip.

Standard library only, and readable by Python 3.8, like start.py, which calls `set_up`. The exact packages with their
checksums are in the lock files; pyproject.toml has the ranges they were chosen from.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import platform
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
VENV = PROJECT / ".venv"
STAMP = VENV / "installed.txt"  # fingerprints of what was installed to the end
NOTES = PROJECT / ".fitting-room"  # lock and log of the installation; core/launch.py keeps its note there too
LOG = NOTES / "install.log"
CHOICE = NOTES / "size"  # the lock file that a person chose last
LOCKS = ("requirements-small.txt", "requirements.txt", "requirements-dev.txt")  # each holds all of the one before it
SMALL, LOCK, DEVELOPMENT = LOCKS  # without TensorFlow, all of the app, with what its tests need

OLDEST, NEWEST = (3, 11), (3, 13)
ROOM_NEEDED = {SMALL: 1_500_000_000, LOCK: 4_000_000_000, DEVELOPMENT: 4_000_000_000}  # bytes, with a margin
MEMORY_NEEDED = 3_000_000_000  # bytes; computers sold with 4 GB keep some of it to themselves
MEMORY_NEEDED_SMALL = 1_400_000_000  # the same of 2 GB
SMALLER = "Or take the smaller app, which shows and predicts but does not train: python3 start.py --small"
PYTHON_PAGE = "https://www.python.org/downloads/"


class Trouble(Exception):
    """Something a person has to know; `str(trouble)` says what happened and what to do."""


def fits(version: tuple[int, ...]) -> bool:
    """Whether the app's packages exist for this version of Python."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def version_of(command: list[str]) -> tuple[int, int] | None:
    """Ask a Python for its version; None when it does not run."""
    asking = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        answer = subprocess.run([*command, "-c", asking], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        major, minor = answer.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def machine_sentence(
    system: str, machine: str, bits: int, avx: bool | None = None, memory: int | None = None, small: bool = False
) -> str | None:
    """Why the app, or the `small` one without TensorFlow, cannot be had on this kind of machine; None when it can.

    `avx` is whether the processor has AVX, `memory` counts bytes; None where nobody knows.
    """
    if bits < 64:
        return f"This is a 32-bit Python. Fitting Room needs the 64-bit one: install Python 3.12 from {PYTHON_PAGE}."
    if system == "Darwin" and machine == "x86_64":
        needed = "an Apple chip (M1 or newer) and a Python for it"
        return f"This Python is made for Intel Macs. Fitting Room needs {needed}: {PYTHON_PAGE}"
    has = f"This computer has {(memory or 0) / 1e9:.1f} GB of memory."
    if memory is not None and memory < MEMORY_NEEDED_SMALL:
        return f"{has} Fitting Room needs about 4 GB, and 2 GB where it does not train. Use another computer."
    if small:
        return None
    if avx is False and machine.lower() in ("x86_64", "amd64"):
        lacks = "a part that TensorFlow needs (AVX, which those made since about 2011 have)"
        return f"This computer's processor lacks {lacks}. Use another computer.\n{SMALLER}"
    if memory is not None and memory < MEMORY_NEEDED:
        needed = "about 4 GB, for a training would be ended for want of it"
        return f"{has} Fitting Room needs {needed}. Use another computer.\n{SMALLER}"
    return None


def has_avx(system: str, processors: Path = Path("/proc/cpuinfo")) -> bool | None:
    """Whether this computer's processor has AVX, which TensorFlow is built with; None where nobody knows.

    `processors` is the file in which Linux describes them.
    """
    try:
        if system == "Windows":
            kernel = ctypes.WinDLL("kernel32")
            kernel.GetEnabledXStateFeatures.restype = ctypes.c_uint64
            return bool(kernel.IsProcessorFeaturePresent(39) or kernel.GetEnabledXStateFeatures() & 4)
        flags = re.search(r"^flags\s*:(.*)$", processors.read_text(), re.MULTILINE)
        return "avx" in flags[1].split() if flags else None
    except (OSError, ValueError, AttributeError):
        return None


def memory_of(system: str, limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int | None:
    """Bytes of memory this computer, or the container it is, may use; `limit` is the file that bounds a container."""
    try:
        if system == "Windows":
            status = (ctypes.c_uint64 * 8)()  # MEMORYSTATUSEX; its size is in the first four bytes
            status[0] = ctypes.sizeof(status)
            return int(status[1]) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None
    try:
        return min(memory, int(limit.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return memory


def tell(words: object = "") -> None:
    """Show words about the set-up; standard output belongs to the command that comes after it."""
    print(words, file=sys.stderr, flush=True)


def environment_python(folder: Path = VENV) -> Path:
    """Where the virtual environment keeps its Python."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def digests(files: list[Path]) -> list[str]:
    """A fingerprint of each lock file; it changes when a line of the file does."""
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def present(folder: Path) -> str:
    """A fingerprint of the packages and versions in a virtual environment; `uv sync`, for instance, changes them."""
    places = ("lib/python*/site-packages", "Lib/site-packages")
    names = {path.name for place in places for path in folder.glob(f"{place}/*.dist-info")}
    return hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()


def installed(files: list[Path], stamp: Path) -> bool:
    """Whether these lock files were installed to the end and nothing changed since; more may have been installed."""
    words = stamp.read_text().split() if stamp.is_file() else []
    return words[: len(files)] == digests(files) and words[-1:] == [present(stamp.parent)]


def chosen() -> str:
    """The lock file that a person chose last, by start.py's --small or --full; at first all of the app."""
    with contextlib.suppress(OSError):
        return SMALL if CHOICE.read_text() == SMALL else LOCK
    return LOCK


def remember(lock: str) -> None:
    """Let this be what `chosen` gives from now on, where the folder can be written."""
    with contextlib.suppress(OSError):
        if lock != chosen():
            NOTES.mkdir(exist_ok=True)
            CHOICE.write_text(lock)


def tensorflow_here(system: str, machine: str) -> str:
    """By which name the locks take TensorFlow on this kind of computer: the smaller build, where there is one."""
    return "tensorflow_cpu" if system == "Windows" or (system, machine) == ("Linux", "x86_64") else "tensorflow"


def tensorflows(folder: Path) -> set[str]:
    """By which names TensorFlow is installed in a virtual environment.

    Each of them owns the same files, and neither pip nor uv takes one out for the other.
    """
    places = ("lib/python*/site-packages", "Lib/site-packages")
    found = [path.name for place in places for path in folder.glob(f"{place}/tensorflow*-*.dist-info")]
    return {name.split("-")[0] for name in found} & {"tensorflow", "tensorflow_cpu"}


def need_room(free: int, lock: str) -> None:
    """Raise Trouble when the disk has fewer free bytes than an installation of this lock file needs."""
    if free < ROOM_NEEDED[lock]:
        figures = f"{free / 1e9:.1f} GB are free, Fitting Room needs {ROOM_NEEDED[lock] / 1e9:.3g} GB"
        smaller = "" if free < ROOM_NEEDED[SMALL] else f"\n{SMALLER}"
        raise Trouble(f"There is too little room on this disk: {figures}. Make room, then start again.{smaller}")


def need_writable(folder: Path) -> None:
    """Raise Trouble when nothing can be installed into this folder."""
    try:
        NOTES.mkdir(exist_ok=True)
        with LOG.open("a"):
            pass
    except OSError as error:
        refused = f"The folder {folder} cannot be written ({error.strerror or error})"
        raise Trouble(f"{refused}. Copy the whole project to a folder of your own and start it there.") from error


def venv_sentence(version: tuple[int, ...], system: str) -> str:
    """What to do when this Python cannot make a virtual environment."""
    ours = f"{version[0]}.{version[1]}"
    remedy = f"sudo apt install python{ours}-venv" if system == "Linux" else f"install Python again from {PYTHON_PAGE}"
    part = "a part, venv, that keeps the app's packages apart from others"
    return f"This Python {ours} lacks {part}. To get it: {remedy}. Then start again."


def runs(command: list[str]) -> bool:
    """Whether a command ends well; what it prints is not shown."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def find_uv() -> str | None:
    """The command uv, a much faster installer, where it is there and works."""
    uv = shutil.which("uv")
    return uv if uv and runs([uv, "--version"]) else None


def make_environment(uv: str | None, anew: bool = False) -> None:
    """Make .venv, unless a working one of a fitting Python is there; `anew` also then."""
    python = str(environment_python())
    if not anew and fits(version_of([python]) or (0, 0)) and (uv or runs([python, "-m", "pip", "--version"])):
        return
    trouble = venv_sentence(sys.version_info, platform.system())
    if not uv and not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Trouble(trouble)
    tell("Making a place of its own for the packages (.venv) ...")
    maker = [uv, "venv", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    made = subprocess.run([*maker, "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        reason = made.stdout.decode(errors="replace").strip()
        missing = not uv and "ensurepip" in reason
        raise Trouble(trouble if missing else f"The place for the packages (.venv) could not be made:\n{reason}")


class Progress:
    """Reads the lines of pip or uv and tells in one short line how far it is."""

    def __init__(self, total: int) -> None:
        self.total, self.found, self.fetched = max(total, 1), 0, 0.0  # counts of packages
        self.large: dict[str, str] = {}  # what uv is fetching, with its size; it names no small ones
        self.words = "Asking for the packages"

    def read(self, line: str) -> None:
        """Take in one line; lines that say nothing of progress change nothing."""
        looked_up = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
        wheel = r"(?:\S*/)?([^\s/-]+)-\S+\.(?:whl|gz)(?!\S)"
        fetched = re.match(rf"\s*(?:Downloading|Using cached|Processing) {wheel}", line)
        size = re.search(r" \([\d.]+ \w+\)$|$", line.rstrip())[0]
        large = re.match(r" ?Download(ing|ed) ([\w.-]+)( \(\S+\))?$", line.rstrip())
        if looked_up:
            self.found += 1
            self.words = f"Finding {looked_up[1]}"
        elif fetched:
            self.fetched += 1
            self.words = f"Fetching {fetched[1]}{size}"
        elif line.startswith("Resolved "):
            self.found = self.total
        elif large:
            if large[1] == "ing":
                self.large[large[2]] = large[3] or ""
            elif self.large.pop(large[2], None) is not None:
                self.fetched += (self.total - self.fetched) / (1 + len(self.large))
            name, size = list(self.large.items())[-1] if self.large else ("the rest", "")
            self.words = f"Fetching {name}{size}"
        elif line.startswith(("Installing collected", "Prepared ")):
            self.found = self.fetched = self.total
            self.words = "Unpacking everything, a minute or two"
        elif "Retrying" in line:
            self.words = "No answer from the network, trying again"

    def __str__(self) -> str:
        share = 0.8 * min(1.0, (self.found + 3 * self.fetched) / (4 * self.total))  # unpacking is the last fifth
        return f"[{'#' * round(20 * share):<20}] {self.words}"


def lines_of(process: subprocess.Popen) -> Iterator[str]:
    """What a process prints, line by line as it comes, and an empty line for each second of silence."""
    lines: queue.Queue = queue.Queue()

    def listen() -> None:
        with process.stdout as output:
            for line in output:
                lines.put(line.decode(errors="replace"))
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    line = ""
    while line is not None:
        yield line
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            line = ""


def uv_options(variables: Mapping[str, str]) -> list[str]:
    """What pip is told by these variables of the environment, as uv takes it, which does not read them."""
    options = (
        ["--no-index"] if variables.get("PIP_NO_INDEX", "0").lower() not in ("", "0", "false", "no", "off") else []
    )
    for name, option in (("PIP_FIND_LINKS", "--find-links"), ("PIP_INDEX_URL", "--index-url")):
        options += [word for value in variables.get(name, "").split() for word in (option, value)]
    return options


def install(wanted: list[str], uv: str | None) -> str | None:
    """Install what these arguments name, with a progress line. Returns None, or all that a failing installer said."""
    python = str(environment_python())
    quietly = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    variables = {**os.environ, "PIP_USER": "0"}
    installer = [python, "-m", "pip", "install", *quietly]
    if uv:
        installer = [uv, "pip", "install", "--python", python, *uv_options(variables)]
        if "PIP_CERT" in variables:
            variables.setdefault("SSL_CERT_FILE", variables["PIP_CERT"])
    process = subprocess.Popen([*installer, *wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables)
    packages = re.findall(r"^\w", (PROJECT / LOCK).read_text(encoding="utf-8"), re.MULTILINE)
    progress, started, output, shown = Progress(len(packages)), time.monotonic(), [], -1
    width = shutil.get_terminal_size().columns - 1
    try:
        with LOG.open("w", encoding="utf-8") as log:
            for line in lines_of(process):
                log.write(line)
                output.append(line)
                progress.read(line)
                if sys.stderr.isatty():
                    text = f"{progress}  {time.monotonic() - started:.0f} s"
                    print(f"\r{text[:width]:<{width}}", end="", file=sys.stderr, flush=True)
                elif str(progress).count("#") != shown:  # into a file, a line for each step of the bar
                    shown = str(progress).count("#")
                    tell(progress)
        return "".join(output) if process.wait() else None
    finally:
        process.kill()
        process.wait()
        tell()


# What pip and uv print: no network, one with a certificate of its own, no room on the disk, a package that was changed,
# none for this computer.
STRANGE_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate|UnknownIssuer"
NO_NETWORK = (
    "NewConnectionError|NameResolutionError|getaddrinfo|Name or service not known|name resolution|ReadTimeout"
    "|ConnectTimeout|ProxyError|Max retries|Network is unreachable|SSLError|error sending request|Failed to fetch"
)
NO_ROOM = "No space left on device|not enough space on the disk|Disk quota exceeded"
CHANGED = "DO NOT MATCH THE HASHES|Hash mismatch"
NO_PACKAGE = (
    "No matching distribution|Could not find a version|ResolutionImpossible|No solution found"
    "|Failed building wheel|Failed to build|metadata-generation-failed"
)
REASONS = {
    CHANGED: f"A package that came is not the one this app was tested with, so it was not installed. {LOG} names it.",
    STRANGE_CERTIFICATE: "The packages could not be fetched: this network puts a certificate of its own in between, as "
    "schools and firms do. Ask who runs it for the certificate's file, set SSL_CERT_FILE and PIP_CERT to its path, and "
    "start again.\nOr fetch the files elsewhere, on a computer and with a Python of the same kind: "
    f"python -m pip download -d wheels -r {LOCK}\n"
    "Bring that folder here, set PIP_NO_INDEX=1 and PIP_FIND_LINKS to its path, and start again.",
    NO_NETWORK: "The packages could not be fetched: no network, or it blocks pypi.org. "
    "Connect this computer, then start again.",
    "Long Path": "The folder's path is too long for Windows. "
    "Move the project to a short one, such as C:\\fitting-room, then start again.",
    "Permission denied|WinError 5": "A file in .venv could not be written. "
    "Close other programs that use this folder, delete .venv, then start again.",
}


def no_room(free: int, installed: int, lock: str) -> str:
    """What to do on a disk that became full while this was installed, with so many bytes free and in .venv."""
    missing = max(ROOM_NEEDED[lock] - installed - free, 500_000_000)
    return (
        f"The disk became full: {free / 1e9:.1f} GB are free now. Make about {missing / 1e9:.1f} GB more room, then "
        f"start again. What was installed so far ({installed / 1e9:.1f} GB) stays in {VENV}: delete that folder if you "
        "would rather have the room back."
    )


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, as far as they can be looked at."""
    total = 0
    for place, _, names in os.walk(str(folder)):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def explain(output: str, lock: str) -> str:
    """The plain reason why an installation of a lock file failed, from what pip or uv printed."""
    if re.search(NO_ROOM, output):
        return no_room(shutil.disk_usage(PROJECT).free, size_of(VENV), lock)
    for signs, sentence in REASONS.items():
        if re.search(signs, output):
            return sentence
    lines = output.splitlines()
    errors = [line for line in lines if re.match(r"ERROR|error:|\s+cause:", line)] or lines
    return "\n  ".join(["The packages could not be installed. The installer said:", *errors[-3:], f"All is in {LOG}."])


def ranges(lock: str) -> list[str]:
    """What pyproject.toml asks for, for a computer that cannot have the exact versions of a lock file."""
    import tomllib

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = ("train", "dev")[: LOCKS.index(lock)]
    return project["dependencies"] + [row for name in extras for row in project["optional-dependencies"][name]]


def set_up(development: bool, small: bool | None = None) -> Path:
    """Make the virtual environment hold what is needed, unless it does; returns its Python.

    `small` is whether a person wants the app without TensorFlow, None where nothing was said: then as it was said last.
    """
    size = chosen() if small is None else SMALL if small else LOCK
    lock = DEVELOPMENT if development else size
    locks = [PROJECT / name for name in LOCKS[: 1 + LOCKS.index(lock)]]
    system, machine = platform.system(), platform.machine()
    spare = tensorflows(VENV) - ({tensorflow_here(system, machine)} if lock != SMALL else set())
    if installed(locks, STAMP) and fits(version_of([str(environment_python())]) or (0, 0)) and not (small and spare):
        remember(size)
        return environment_python()
    facts = (system, machine, 64 if sys.maxsize > 2**32 else 32, has_avx(system), memory_of(system))
    if unsuited := machine_sentence(*facts, small=lock == SMALL):
        raise Trouble(unsuited)
    need_writable(PROJECT)
    if not STAMP.exists():
        need_room(shutil.disk_usage(PROJECT).free, lock)
    remember(size)
    uv = find_uv()
    make_environment(uv, anew=bool(spare))
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()  # written again at the end, so the next start repairs what is interrupted
    words = {SMALL: " for showing and predicting", LOCK: "", DEVELOPMENT: " for development"}[lock]
    tell(f"Installing the packages{words} (some minutes, only once) ...")
    output = install(["--require-hashes", "-r", str(locks[-1])], uv)
    if (
        output
        and re.search(NO_PACKAGE, output)
        and not re.search(f"{NO_NETWORK}|{NO_ROOM}|{CHANGED}|{STRANGE_CERTIFICATE}", output)
    ):
        tell("The exact versions this app was tested with cannot be had here; taking the nearest that should work.")
        output = install(ranges(lock), uv)
    if output:
        raise Trouble(explain(output, lock))
    STAMP.write_text("\n".join([*digests(locks), present(VENV)]))
    return environment_python()
