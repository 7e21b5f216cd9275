"""TensorFlow as this project wants it: what it reads from the environment, what it imports, how many cores it takes.

Knows nothing of networks and of what they learn.
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from core.errors import WorkerError
from core.language import Saying
from core.quiet import quiet

# Intel's routines; elsewhere the gradient of TensorFlow's pooling is slow.
HAS_ONEDNN = platform.machine() in {"x86_64", "AMD64"}
# Keep memory once freed: asking the system for it again can take a third of a step.
ENVIRONMENT = {"TF_CPU_ALLOCATOR_USE_BFC": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}  # 2: errors only
if HAS_ONEDNN:  # TensorFlow turns them on by itself for the newest processors only
    ENVIRONMENT["TF_ENABLE_ONEDNN_OPTS"] = "1"
# Keras and TensorFlow import these where they are installed, but do without: no network needs them, and they take a
# fifth of the memory and a third of the time of the import.
OPTIONAL = ("IPython", "jax", "matplotlib", "pandas", "pyarrow", "scipy", "sklearn", "torch")

# By which names the packages that decide over a network's numbers are installed: one of each.
DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "keras": ("keras",), "numpy": ("numpy",)}


def missing() -> Saying | None:
    """Why nothing can be trained with what is installed here; None when it can. Imports nothing of it."""
    if find_spec("tensorflow") and find_spec("keras"):
        return None
    return Saying(
        "Training needs TensorFlow, which is not installed here. To add it, end the app and start it with"
        " `python3 start.py --full`."
    )


def versions() -> dict[str, str]:
    """The versions of what decides over a network's numbers, as far as it is installed."""
    found = {}
    for package, names in DISTRIBUTIONS.items():
        for name in names:
            with suppress(PackageNotFoundError):
                found[package] = version(name)
    return found


def use_cores(cores: int | None = None) -> None:
    """Import TensorFlow, and let it compute so many operations at the same time (None: as many as this process may use
    cores), each on one core; call before anything else of TensorFlow.

    Small networks train fastest so, and the order in which an operation adds up does not depend on the cores.
    Raises WorkerError where it is not installed.
    """
    if lack := missing():
        raise WorkerError(lack)
    set_environment()
    with quiet(), _without(OPTIONAL):
        import keras  # noqa: F401
        import tensorflow as tf

        tf.config.list_physical_devices()  # looks for graphics cards, and says so, now and not later

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(cores or _cores())


def set_environment() -> None:
    """Set what TensorFlow reads from the environment, unless somebody has; call before it is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


@contextmanager
def _without(packages: tuple[str, ...]) -> Iterator[None]:
    """Packages that are not imported yet look as if they were not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # Python's own sign: None is not to be had
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _cores() -> int:
    """How many cores this process may use, as far as the system says."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
