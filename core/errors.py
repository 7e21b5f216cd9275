"""Every error a person can cause or meet. Each message says what happened and what to do next.

FittingRoomError
├── SettingsError    a FITTING_ROOM_* variable holds something that cannot be used
├── DataError        the data set is missing, truncated or not what it says it is
├── PictureError     an uploaded picture cannot be opened or is too large
├── LimitError       reading what was brought takes more time or memory than it may
├── PlanError        a training plan asks for something outside the limits
├── RunError         a run cannot be found, is ambiguous, or is not ready for what was asked
│   └── TakenError   a worker wrote about a run that another one has meanwhile
├── StoreError       the store of runs cannot be opened or written
└── WorkerError      no training worker can be started or reached
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from core.language import Saying, in_english

log = logging.getLogger(__name__)


class FittingRoomError(Exception):
    """Something went wrong that a person can understand; `str(error)` says it in the language of whoever reads it.

    `RunError("{name} is gone.", "Try again.", name=...)`: whole sentences that get into the catalogues as they stand,
    and their fields, as a `Saying` has them. So it may be raised in another process, or long before it is read.
    """

    def __init__(self, *sentences: str | Saying, **fields: object) -> None:
        super().__init__(*sentences)  # by which it travels between processes
        self.fields = fields

    @property
    def saying(self) -> Saying:
        """What it says."""
        return Saying(*self.args, **self.fields)

    def __str__(self) -> str:
        return str(self.saying)


class SettingsError(FittingRoomError):
    """A FITTING_ROOM_* environment variable cannot be used."""


class DataError(FittingRoomError):
    """The data set is missing, truncated or wrong."""


class PictureError(FittingRoomError):
    """A picture cannot be opened or is too large."""


class LimitError(FittingRoomError):
    """Reading what was brought takes more time or memory than it may."""


class PlanError(FittingRoomError):
    """A training plan lies outside the limits."""


class RunError(FittingRoomError):
    """A run is unknown, ambiguous or not ready."""


class TakenError(RunError):
    """Another worker has this run."""


class StoreError(FittingRoomError):
    """The store cannot be opened, read or written."""


class WorkerError(FittingRoomError):
    """No training worker can be started or reached."""


@contextmanager
def door(
    refusal: type[FittingRoomError], sentence: str | Saying, expected: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Where a stranger's bytes come in: whatever a decoder raises in these lines leaves them as `refusal(sentence)`.

    A FittingRoomError passes as it is. An error that is not one of the `expected` is logged with where it came from.
    """
    try:
        yield
    except FittingRoomError:
        raise
    except Exception as error:
        if not isinstance(error, expected):
            log.exception("Refused with “%s”, for an error that was not expected", in_english(Saying(sentence)))
        raise refusal(sentence) from error
