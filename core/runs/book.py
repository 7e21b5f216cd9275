"""The run book: runs written down, listed, found, and changed by those whose they are."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, literal, select, update

from core.data.dataset import Source
from core.errors import RunError
from core.language import N_
from core.runs.database import Database
from core.runs.dialects import NOW
from core.runs.files import content_of, end, put
from core.runs.process import this_process
from core.runs.schema import (
    CURVE,
    FILES,
    LONGEST_NAME,
    POINTS,
    READ,
    RUNS,
    SNAPSHOTS,
    FileKind,
    Run,
    Status,
    free_name,
    owner_of,
    readable,
)
from core.training.plan import Measured, Plan, measured
from core.words import line, lines

NOT_YOURS = N_(
    "Only the browser that started this run can stop, change or delete it. You can look at it, and start one of your"
    " own."
)
UNDO_SECONDS = 600.0  # a deleted run can be brought back for so long
MOST_WAITING = 40
LONGEST_NOTE, LONGEST_TITLE = 500, 200  # characters


@dataclass(frozen=True)
class Past:
    """What a run that was trained elsewhere brings of its training, beside its weights."""

    points: Sequence[Mapping[str, object]] = ()  # of its curve: `kind` and the numbers of CURVE
    snapshots: Mapping[int, bytes] = field(default_factory=dict)  # by epoch
    note: str = ""


@dataclass(frozen=True)
class NewRun:
    """A run to be written down."""

    plan: Plan
    name: str
    fingerprint: str  # of the data set
    data_title: str
    data_source: Source | None = None
    waiting: bool = True  # False: this process carries it out itself, and no worker may take it
    pictures: bytes | None = None  # a data set that only this run may use, until it has ended
    weights: bytes | None = None  # a file of weights to load instead of training
    key: str = ""  # the secret of its owner, who may have one run waiting
    parent: str | None = None  # a run from whose checkpoint and curve it goes on
    past: Past | None = None  # what `weights` that were trained elsewhere bring of their training


class RunBook:
    """The runs of everybody, in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, new: NewRun, most_waiting: int = MOST_WAITING) -> str:
        """Write a new run and give its id; a name already taken gets a number, and an empty one is the plan's title.

        What a person wrote of it is cleaned and cut to the longest that is kept.
        Raises RunError when the queue is full, its owner has a run waiting, or nothing is kept of its parent.
        """
        run_id, owner = secrets.token_hex(4), owner_of(new.key)
        with self.database.writing(alone=True) as connection:
            _clear_away(connection)
            _check_queue(connection, owner, most_waiting)
            values = {
                "id": run_id,
                "name": _free_name(connection, line(new.name, LONGEST_NAME) or new.plan.title),
                "recipe": new.plan.recipe,
                "plan": new.plan.as_dict(),
                "created": NOW,
                "fingerprint": new.fingerprint,
                "data_title": line(new.data_title, LONGEST_TITLE),
                "data_source": new.data_source or "",
                "owner": owner,
                "parent": new.parent,
                "status": Status.WAITING,
                "note": lines(new.past.note, LONGEST_NOTE) if new.past else "",
            }
            if not new.waiting:
                values |= {"status": Status.RUNNING, "started": NOW, "heartbeat": NOW, "worker": this_process()}
            connection.execute(insert(RUNS).values(values))
            for kind, content in ((FileKind.PICTURES, new.pictures), (FileKind.INITIAL_WEIGHTS, new.weights)):
                if content is not None:
                    put(connection, run_id, kind, content)
            if new.parent:
                _go_on_from(connection, new.parent, run_id)
            if new.past:
                _write_past(connection, run_id, new.past)
        return run_id

    def runs(self) -> list[Run]:
        """All runs that this version can read, the newest first."""
        query = READ.where(RUNS.c.removed.is_(None)).order_by(RUNS.c.created.desc())
        with self.database.reading() as connection:
            return readable(connection.execute(query).mappings())

    def deleted(self) -> list[Run]:
        """The deleted runs that `restore` can still bring back, the latest first."""
        query = READ.where(RUNS.c.removed >= NOW - UNDO_SECONDS).order_by(RUNS.c.removed.desc())
        with self.database.reading() as connection:
            return readable(connection.execute(query).mappings())

    def run(self, run_id: str) -> Run:
        """One run by its exact id. Raises RunError when there is none."""
        row = None
        if run_id.isalnum():  # PostgreSQL refuses to look for some letters
            with self.database.reading() as connection:
                row = connection.execute(READ.where(RUNS.c.id == run_id, RUNS.c.removed.is_(None))).mappings().first()
        if row is None:
            raise RunError("There is no run “{name}”. It may have been deleted.", name=run_id)
        return Run.of_row(row)

    def speeds(self, available: int = 60_000) -> dict[str, Measured]:
        """How fast the latest run of each plan and network was on this computer, by `speed_key` and by `network_key`.

        `available` is the number of training pictures that everybody has. A run that was interrupted says only its
        speed, and one on pictures that somebody brought nothing: of a few, its first steps take most of the time.
        """
        known: dict[str, Measured] = {}
        for run in reversed(self.runs()):
            if run.scored and run.speed and run.finished and run.started and not run.on_uploaded_pictures:
                whole = not (run.seams or run.parent or run.plan.patience)
                spent = run.finished - run.started if whole else None
                row = measured(run.plan, run.speed, spent, available, run.progress)
                known |= {run.plan.network_key: row, run.plan.speed_key: row}
        return known

    def find(self, text: str) -> Run:
        """The run meant by an id, a name, or the beginning of either. Raises RunError when none or several fit."""
        fits = meant(text, self.runs())
        if len(fits) == 1:
            return fits[0]
        if fits:
            names = ", ".join(f"{run.id} ({run.name})" for run in fits[:5])
            sentence = N_("“{text}” fits {count} runs: {names}. Write more of the id or name.")
            raise RunError(sentence, text=text, count=len(fits), names=names)
        raise RunError("There is no run “{name}”. List all with “python -m core runs”.", name=text)

    def stop(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to stop; a run that waits or is paused ends at once.

        Raises RunError when the key is not its owner's.
        """
        self._check_owner(run_id, key)
        with self.database.writing() as connection:
            for status, message in (
                (Status.WAITING, N_("Taken out of the queue before it began.")),
                (Status.PAUSED, N_("Ended while it was paused.")),
            ):
                ended = {"status": Status.STOPPED, "finished": NOW, "message": message}
                if _change(connection, run_id, status, ended):
                    end(connection, run_id)
            _change(connection, run_id, Status.RUNNING, {"stop_requested": True})

    def pause(self, run_id: str, key: str | None = None) -> None:
        """Ask the worker to keep where the run stands and to serve others meanwhile.

        Raises RunError when the key is not its owner's.
        """
        self._check_owner(run_id, key)
        with self.database.writing() as connection:
            _change(connection, run_id, Status.RUNNING, {"pause_requested": True})

    def go_on(self, run_id: str, key: str | None = None) -> None:
        """Put a paused run back into the queue, where it stood.

        Raises RunError when its owner has another one waiting, or the key is not its owner's.
        """
        run = self._check_owner(run_id, key)
        again = {"status": Status.WAITING, "pause_requested": False, "attempts": 0, "message": ""}
        with self.database.writing(alone=True) as connection:
            _check_only_one(run.owner, _waiting(connection, run_id))
            _change(connection, run_id, Status.PAUSED, again)

    def rename(self, run_id: str, name: str, key: str | None = None) -> None:
        """Give a run another name, cleaned and cut to the longest that is kept; one already taken gets a number.

        Raises RunError when it is empty, or the key not its owner's.
        """
        self._check_owner(run_id, key)
        cleaned = line(name, LONGEST_NAME)
        if not cleaned:
            raise RunError("A run needs a name. Type at least one letter.")
        with self.database.writing(alone=True) as connection:
            _set(connection, run_id, name=_free_name(connection, cleaned, run_id))

    def annotate(
        self, run_id: str, key: str | None = None, note: str | None = None, pinned: bool | None = None
    ) -> None:
        """Write a note about a run, cleaned and cut to the longest that is kept, or pin it.

        Raises RunError when the key is not its owner's."""
        self._check_owner(run_id, key)
        with self.database.writing() as connection:
            if note is not None:
                _set(connection, run_id, note=lines(note, LONGEST_NOTE))
            if pinned is not None:
                _set(connection, run_id, pinned=pinned)

    def delete(self, run_id: str, key: str | None = None) -> None:
        """Take a run out of the book; for UNDO_SECONDS `restore` brings it back, then it is gone with all it made.

        Raises RunError while it is training, or when the key is not its owner's.
        """
        run = self._check_owner(run_id, key)
        if run.status == Status.RUNNING:
            raise RunError("This run is still training. Stop it first, then delete it.")
        if not run.ended:
            self.stop(run_id, key)
        with self.database.writing() as connection:
            _clear_away(connection)
            _set(connection, run_id, removed=NOW)

    def restore(self, run_id: str, key: str | None = None) -> None:
        """Bring a deleted run back. Raises RunError when it is too late, or the key is not its owner's."""
        with self.database.writing() as connection:
            _clear_away(connection)
            row = connection.execute(READ.where(RUNS.c.id == run_id)).mappings().first()
            if row is None:
                raise RunError("It is too late: this run is gone.")
            if not Run.of_row(row).belongs_to(key):
                raise RunError(NOT_YOURS)
            _set(connection, run_id, removed=None)

    def _check_owner(self, run_id: str, key: str | None) -> Run:
        run = self.run(run_id)
        if not run.belongs_to(key):
            raise RunError(NOT_YOURS)
        return run


def meant(text: str, runs: Sequence[Run]) -> list[Run]:
    """Those of the runs that an id means, else a name, else the beginning of either."""
    for fits in (
        [run for run in runs if run.id == text],
        [run for run in runs if run.name == text],
        [run for run in runs if text and (run.id.startswith(text) or run.name.startswith(text))],
    ):
        if fits:
            return fits
    return []


def _change(connection: Connection, run_id: str, status: Status, values: Mapping[str, object]) -> bool:
    """Set columns of a run that has a status; whether it had."""
    changed = connection.execute(update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == status).values(values))
    return bool(changed.rowcount)


def _set(connection: Connection, run_id: str, **columns: object) -> None:
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(columns))


def _check_queue(connection: Connection, owner: str, most_waiting: int) -> None:
    owners = _waiting(connection)
    if len(owners) >= most_waiting:
        sentence = N_("{count} runs are waiting already. Please try again when some have finished.")
        raise RunError(sentence, count=most_waiting)
    _check_only_one(owner, owners)


def _waiting(connection: Connection, but: str = "") -> list[str]:
    """The owners of the runs that wait."""
    waiting = (RUNS.c.status == Status.WAITING) & (RUNS.c.id != but)
    return list(connection.scalars(select(RUNS.c.owner).where(waiting)))


def _check_only_one(owner: str, waiting: Sequence[str]) -> None:
    if owner and owner in waiting:
        raise RunError(
            "You have a run waiting already. Start the next one when that has begun, or take it out of the queue."
        )


def _write_past(connection: Connection, run_id: str, past: Past) -> None:
    if past.points:
        rows = [{"run": run_id, "kind": row["kind"], **{name: row[name] for name in CURVE}} for row in past.points]
        connection.execute(insert(POINTS), rows)
    if past.snapshots:
        kept = [{"run": run_id, "epoch": epoch, "content": content} for epoch, content in past.snapshots.items()]
        connection.execute(insert(SNAPSHOTS), kept)


def _go_on_from(connection: Connection, parent: str, run_id: str) -> None:
    """Give a new run the checkpoint, curve and snapshots of another. Raises RunError when that has none."""
    there = select(RUNS.c.kept_epoch).where(RUNS.c.id == parent, RUNS.c.removed.is_(None))
    kept = connection.scalar(there.with_for_update())  # it may be training: no epoch comes between
    content = content_of(connection, parent, FileKind.CHECKPOINT)
    if not kept or content is None:
        raise RunError("Nothing is kept of that run to train on from. Start a new one.")
    put(connection, run_id, FileKind.CHECKPOINT, content)
    for table in (POINTS, SNAPSHOTS):
        copied = [column for column in table.columns if column.name not in ("id", "run")]
        of_parent = (table.c.run == parent) & (table.c.epoch <= kept + 1e-6)
        rows = select(literal(run_id), *copied).where(of_parent).order_by(table.c.epoch)
        connection.execute(insert(table).from_select(["run", *(column.name for column in copied)], rows))
    _set(connection, run_id, kept_epoch=kept)


def _clear_away(connection: Connection) -> None:
    """Remove for good what was deleted long enough ago."""
    gone = select(RUNS.c.id).where(RUNS.c.removed < NOW - UNDO_SECONDS)
    for table, column in (
        (POINTS, POINTS.c.run),
        (SNAPSHOTS, SNAPSHOTS.c.run),
        (FILES, FILES.c.run),
        (RUNS, RUNS.c.id),
    ):
        connection.execute(delete(table).where(column.in_(gone)))


def _free_name(connection: Connection, name: str, own_id: str = "") -> str:
    taken = set(connection.scalars(select(RUNS.c.name).where(RUNS.c.id != own_id)))
    return free_name(name, taken)
