"""TensorFlow as the processes that train have it."""

import os
import subprocess
import sys

import pytest

from core.training.backend import ENVIRONMENT, OPTIONAL, set_environment

LOADED = f"""
import sys
import core.runs.runner
from core.training.backend import use_cores
use_cores()
print("loaded", *[name for name in {OPTIONAL} if name in sys.modules])
import scipy.optimize, sklearn, pandas  # they are there for whoever wants them later
print("sum", scipy.optimize.minimize_scalar(lambda x: (x - 2) ** 2).x.round(3))
"""


@pytest.mark.slow
def test_what_no_network_needs_is_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["loaded", "sum 2.0"]


def test_the_environment_is_set_but_not_against_the_users_will(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_CPU_ALLOCATOR_USE_BFC", "false")
    set_environment()
    assert os.environ["TF_CPU_ALLOCATOR_USE_BFC"] == "false"
    assert all(name in os.environ for name in ENVIRONMENT)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name)
