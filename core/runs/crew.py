"""What workers tell a scheduler elsewhere of themselves, what a run asks of one, and why a run waits.

There a worker may have another data set than the app, another store of runs, or none that it can reach. What it offers
are Dask's resources, so that a run only goes where it can be trained. Knows nothing of how a worker finds that out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.language import N_, Saying
from core.runs.claims import Pending

TOLD = "fitting_room"  # where it stands in what Dask knows of a worker
NOBODY = N_(
    "No worker has joined the scheduler yet. The run starts by itself when one does: start “python -m core workers” on"
    " a computer with the same settings."
)
UNREACHED = N_("The workers cannot reach the store of runs. The run starts by itself when one can. One says:")
OTHER_STORE = N_(
    "The workers that have joined keep their runs in another store. Start them with the same FITTING_ROOM_STORE as this"
    " app."
)
OTHER_DATA = N_(
    "No worker has this data set ({title}). The run starts by itself when one does: FITTING_ROOM_DATA names its folder"
    " on the worker's computer."
)


@dataclass(frozen=True)
class Told:
    """What one worker tells of itself when it joins, and as long as it stays."""

    host: str
    store: str = ""  # identity of the store of runs it uses; "" when it reaches none
    data: str = ""  # fingerprint of its data set
    title: str = ""  # and what that is called
    trouble: str = ""  # why it reaches no store, a packed Saying

    @property
    def offers(self) -> dict[str, float]:
        """The resources that Dask gives out for it, each to one run at a time."""
        return resources(self.store, self.data) if self.store else {}

    def as_dict(self) -> dict[str, str]:
        """Itself for Dask, which carries plain values only: so a scheduler needs nothing of this program."""
        return asdict(self)


def resources(store: str, data: str) -> dict[str, float]:
    """What a worker of this store with this data set offers, or a run asks for; without `data` any will do."""
    return {f"runs-{store}": 1.0} | ({f"data-{data}": 1.0} if data else {})


def crew(workers: Iterable[Mapping[str, Any]]) -> list[Told]:
    """What the workers have told that a scheduler knows; others than ours have told nothing."""
    return [Told(**worker[TOLD]) for worker in workers if TOLD in worker]


def why_it_waits(run: Pending, workers: Collection[Told], store: str) -> Saying | None:
    """Why none of these workers can have a run of a store; None when one can."""
    if not workers:
        return Saying(NOBODY)
    if any(resources(store, run.data).keys() <= worker.offers.keys() for worker in workers):
        return None
    if any(worker.store == store for worker in workers):
        return Saying(OTHER_DATA, title=run.data_title)
    if troubles := [worker.trouble for worker in workers if worker.trouble]:
        return Saying(UNREACHED, Saying.unpacked(troubles[0]))
    return Saying(OTHER_STORE)
