"""Several computers in one: hosts with a network, process numbers and a clock of their own, joined by a switch.

Linux namespaces, which only root can make. What runs on a host reaches the others by their addresses, and nothing else.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[1]
NETWORK = "10.211.{place}.{number}"
CLOCK = """
import os, time
shift, true = float(os.environ.get("CLOCK_SHIFT", "0")), time.time
time.time = lambda: true() + shift
"""


def possible() -> bool:
    """Whether hosts can be made here: Linux, root, and the right to make namespaces and switches."""
    if sys.platform != "linux" or os.geteuid() or not shutil.which("ip") or not shutil.which("unshare"):
        return False
    name = f"fr{os.getpid() % 10_000}x"
    made = subprocess.run(["ip", "link", "add", name, "type", "bridge"], capture_output=True).returncode == 0
    _ip("link", "del", name, check=False)
    return made and subprocess.run(["unshare", "--net", "--pid", "--fork", "true"], capture_output=True).returncode == 0


class Host:
    """One computer; what is started on it sees its own files' folder, `folder`, and runs as this account."""

    def __init__(self, name: str, address: str, space: str, cable: str, folder: Path) -> None:
        self.name, self.address, self.folder, self.clock = name, address, folder, 0.0
        self._space, self._cable = space, cable
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, words: Sequence[str | Path], output: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start a program, in a PID namespace of its own; what it prints goes to a file in the host's folder."""
        alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "sh", "-c"]
        named = ["ip", "netns", "exec", self._space, *alone, f'hostname {self.name} && exec "$@"', "sh"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FITTING_ROOM", "DASK"))}
        mine = {"CLOCK_SHIFT": str(self.clock), "PYTHONPATH": str(self.folder.parent / "clock")}
        with open(self.folder / output, "ab") as stream:
            process = subprocess.Popen(
                [*named, *words],
                cwd=self.folder,
                env={**kept, **mine, **variables},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def holds(self, identity: str) -> bool:
        """Whether a process, as `core.runs.process` names it, runs or ran here."""
        spaces = set()
        for process in self._processes:
            with contextlib.suppress(psutil.Error, OSError):
                for child in psutil.Process(process.pid).children(recursive=True):
                    spaces.add(os.readlink(f"/proc/{child.pid}/ns/pid"))
        return any(space in identity for space in spaces)

    def cut(self) -> None:
        """Pull its cable."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug its cable in again."""
        _ip("link", "set", self._cable, "up")

    def off(self) -> None:
        """Switch it off: all its processes are gone at once."""
        for process in self._processes:
            process.kill()  # and with it, the kernel ends all in its namespace
            process.wait()
        self._processes.clear()

    def said(self) -> str:
        """What its programs have printed."""
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("*.txt")))


class Network:
    """A switch, and the hosts at it; this computer itself has an address there too."""

    def __init__(self, names: Sequence[str]) -> None:
        number = os.getpid() % 10_000
        self.folder = Path(tempfile.mkdtemp(prefix="fr-machines-"))
        (self.folder / "clock").mkdir()
        (self.folder / "clock" / "sitecustomize.py").write_text(CLOCK)
        self._switch, place = f"fr{number}s", number % 250
        self.address = NETWORK.format(place=place, number=1)
        _ip("link", "add", self._switch, "type", "bridge")
        _ip("address", "add", f"{self.address}/24", "dev", self._switch)
        _ip("link", "set", self._switch, "up")
        self.hosts = {}
        for index, name in enumerate(names):
            space, cable, address = (
                f"fr{number}{name}",
                f"fr{number}{index}",
                NETWORK.format(place=place, number=index + 2),
            )
            _ip("netns", "add", space)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", cable, "master", self._switch, "up")
            for words in (("address", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
                _ip("-n", space, *words)
            _ip("-n", space, "link", "set", "lo", "up")
            (self.folder / name).mkdir()
            self.hosts[name] = Host(name, address, space, cable, self.folder / name)
        self._spaces = [f"fr{number}{name}" for name in names]

    def remove(self) -> None:
        """Switch all off, and leave nothing of them."""
        for host in self.hosts.values():
            host.off()
        for space in self._spaces:
            _ip("netns", "del", space, check=False)
        _ip("link", "del", self._switch, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)
