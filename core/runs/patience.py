"""Patience with a store that is away for a while: locked, on a full disk, or behind a server that starts again."""

import logging
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from core.errors import StoreError

PATIENT_SECONDS = 300.0  # a store may be away for so long before a worker lets go of its run
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


def patiently(work: Callable[[], Answer]) -> Answer:
    """What `work` gives, which is done again while it raises StoreError; after PATIENT_SECONDS the last one is raised.

    What it writes may have been written already when the answer to it was lost: it must bear being done twice.
    """
    trying = Retrying(
        retry=retry_if_exception_type(StoreError),
        stop=stop_after_delay(PATIENT_SECONDS),
        wait=wait_exponential(FIRST_PAUSE, max=LONGEST_PAUSE),
        before_sleep=_say,
        reraise=True,
    )
    return trying(work)


def _say(trial: RetryCallState) -> None:
    if trial.attempt_number == 1 and trial.outcome:
        log.warning("Waiting for the store of runs: %s", trial.outcome.exception())
