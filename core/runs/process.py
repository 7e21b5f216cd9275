"""The identity of a process, as a worker leaves it in the store, and whether that process is known to be dead.

Only the computer (and container) the process ran on can tell; all others go by the run's heartbeat.
"""

import functools
import os
import platform
from pathlib import Path

import psutil


def this_process() -> str:
    """The identity of this process: the namespace of its number, and its number."""
    return f"{_namespace()}:{os.getpid()}"


def is_dead(identity: str) -> bool:
    """Whether a process is surely gone: it ran in this namespace of process numbers and its number is free.

    False wherever that cannot be known.
    """
    namespace, _, number = identity.rpartition(":")
    if namespace != _namespace():
        return False
    try:
        return psutil.Process(int(number)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


@functools.cache
def _namespace() -> str:
    """The same text in all processes that share their numbers with this one.

    Two containers on one Linux have a PID namespace each.
    """
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists() and space.is_symlink():
        return f"{boot.read_text().strip()} {os.readlink(space)}"
    return platform.node()
