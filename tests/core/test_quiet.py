"""Native libraries say what is wrong, and nothing by the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
QUIET = """
import os
from core.quiet import quiet
with quiet():
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n")
    os.write(2, b"I0000 00:00:1795945401.360837   12083 port.cc:153] oneDNN custom operations are on.\\n")
    os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n")
    os.write(2, b"E0000 00:00:1795945401.360837   12083 a.cc:1] out of memory\\n")
    os.write(2, b"F0000 00:00:1795945401.360837   12083 a.cc:1] Check failed\\n")
    os.abort()
"""


@pytest.mark.skipif(os.name == "nt", reason="a process that is aborted shows a window there")
def test_what_is_wrong_is_passed_on_even_by_a_process_that_is_just_dying() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], cwd=PROJECT, capture_output=True, encoding="utf-8")
    assert done.returncode < 0
    assert [line.split("] ")[1] for line in done.stderr.splitlines() if "] " in line] == [
        "out of memory",
        "Check failed",
    ]
    assert "oneDNN" not in done.stderr and "INFO" not in done.stderr and "absl" not in done.stderr
