"""What TensorFlow and LiteRT say on the error output by the way is left out; errors are passed on.

Their C++ parts write to the file descriptor itself, before they have read any setting: so the descriptor leads for a
while to a process of its own that lets everything else through. It outlives this process: should that be ended with an
error in between, its last words are passed on all the same.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Lines of information and warnings of absl's log, and what it and LiteRT say of themselves.
NOISE = (
    rb"[IW]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] |WARNING: All log messages before absl::"
    rb"|INFO: Created TensorFlow Lite|.*Unable to register cu\w+ (factory|plugin)|To enable the following instructions:"
    rb"|.*failed call to cuInit"  # there is no graphics card, which is no fault
)
SIEVE = f"""
import re, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin.buffer:
    if not re.match({NOISE!r}, line):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""
SIEVE_SECONDS = 2.0  # for what was said last to be passed on
_sieving = False  # in this process, already


@contextmanager
def quiet() -> Iterator[None]:
    """In these lines native code says on the error output what is wrong, and nothing else."""
    global _sieving
    kept = None if _sieving else _error_output()
    if kept is None:
        yield
        return
    sieve = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", SIEVE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert sieve.stdin
    _sieving = True
    sys.stderr.flush()
    os.dup2(sieve.stdin.fileno(), 2)
    sieve.stdin.close()
    try:
        yield
    finally:
        with suppress(OSError):  # nobody reads it any more
            sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        _sieving = False
        with suppress(subprocess.TimeoutExpired):  # a process that was started in between may hold it open
            sieve.wait(SIEVE_SECONDS)


def _error_output() -> int | None:
    """A copy of the descriptor of the error output; None where a process has none."""
    try:
        return os.dup(2) if sys.stderr else None
    except OSError:
        return None
