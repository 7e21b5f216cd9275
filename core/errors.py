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


class FittingRoomError(Exception):
    """Something went wrong that a person can understand; `str(error)` is fit to be shown."""


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
