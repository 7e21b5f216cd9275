"""The identity of a process, as a worker leaves it in the store, and whether that process is known to be dead.

Only the computer (and container) the process ran on can tell; all others go by the run's heartbeat.
"""

import functools
import os
import platform
import uuid
from pathlib import Path

import psutil


def this_process() -> str:
    """The identity of this process: the namespace of its number, when it began, and its number."""
    return f"{_namespace()} {_began(os.getpid())}:{os.getpid()}"


def is_dead(identity: str) -> bool:
    """Whether a process is surely gone: it ran in this namespace of process numbers, and its number is free or is
    another's by now.

    False wherever that cannot be known.
    """
    place, _, number = identity.rpartition(":")
    namespace, _, began = place.rpartition(" ")
    if namespace != _namespace():
        return False
    try:
        if os.name == "posix":
            os.kill(int(number), 0)  # asks only; it tells of processes that are hidden from this account, too
        process = psutil.Process(int(number))
        return process.status() == psutil.STATUS_ZOMBIE or _began(process.pid) != began
    except (ProcessLookupError, FileNotFoundError):
        return True
    except psutil.NoSuchProcess:
        return os.name != "posix"  # there, it is hidden
    except (PermissionError, psutil.AccessDenied):
        return False


def _began(number: int) -> str:
    """When a process began, as the same text whenever one asks: a clock that is set meanwhile changes nothing."""
    stat = Path(f"/proc/{number}/stat")
    if stat.exists():
        return stat.read_text().rpartition(")")[2].split()[19]  # ticks since the computer was started; proc(5)
    return str(int(psutil.Process(number).create_time()))


@functools.cache
def _namespace() -> str:
    """The same text in all processes that share their numbers with this one, and in no others.

    Two containers on one Linux have a PID namespace each. Elsewhere the name of a computer alone would not do: a class
    may have thirty of one name.
    """
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists() and space.is_symlink():
        return f"{boot.read_text().strip()} {os.readlink(space)}"
    return f"{platform.node()[:64]} {uuid.getnode():012x}"
