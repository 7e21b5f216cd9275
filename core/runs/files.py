"""What a run has made or was given: its curve, snapshots, checkpoint and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from core.errors import RunError
from core.runs.database import Database
from core.runs.dialects import OwnTable
from core.runs.schema import CURVE, FILES, FLEETING, POINTS, RUNS, SNAPSHOTS, UPLOADED, FileKind

if TYPE_CHECKING:
    import pandas as pd  # large, and the processes that train need none of it


class RunFiles:
    """Reads what runs have made or were given."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def points(self, run_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The curve so far: one table of batches and one of epochs (epoch, accuracy, loss, val_accuracy, val_loss)."""
        import pandas as pd

        table = pd.DataFrame(self.points_since(run_id), columns=[column.name for column in POINTS.columns])

        def of_kind(kind: str) -> pd.DataFrame:
            return table.loc[table["kind"] == kind, list(CURVE)].astype(float).reset_index(drop=True)

        return of_kind("batch"), of_kind("epoch")

    def points_since(self, run_id: str, last: int = 0) -> Sequence[Row[Any]]:
        """The rows of a run's curve with an `id` above `last`, in the order in which they were written."""
        query = select(POINTS).where(POINTS.c.run == run_id, POINTS.c.id > last).order_by(POINTS.c.id)
        with self.database.reading() as connection:
            return connection.execute(query).all()

    def epochs_of_all(self) -> pd.DataFrame:
        """The points of whole epochs of every run, in one query: run, epoch, accuracy, loss, val_accuracy, val_loss."""
        import pandas as pd

        columns = [POINTS.c.run, *(POINTS.c[name] for name in CURVE)]
        whole = (POINTS.c.kind == "epoch") & RUNS.c.removed.is_(None)
        query = select(*columns).join(RUNS, RUNS.c.id == POINTS.c.run).where(whole)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(POINTS.c.run, POINTS.c.epoch)).all()
        return pd.DataFrame(rows, columns=["run", *CURVE]).astype(dict.fromkeys(CURVE, float))

    def epoch_points(self, run_id: str) -> pd.DataFrame:
        """The points of a run's whole epochs: epoch, accuracy, loss, val_accuracy, val_loss."""
        import pandas as pd

        whole = (POINTS.c.run == run_id) & (POINTS.c.kind == "epoch")
        query = select(*(POINTS.c[name] for name in CURVE)).where(whole).order_by(POINTS.c.id)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame(rows, columns=list(CURVE)).astype(float)

    def epochs(self, run_id: str) -> list[int]:
        """The epochs a run has a snapshot of, in order."""
        query = select(SNAPSHOTS.c.epoch).where(SNAPSHOTS.c.run == run_id).order_by(SNAPSHOTS.c.epoch)
        with self.database.reading() as connection:
            return list(connection.scalars(query))

    def snapshot(self, run_id: str, epoch: int) -> bytes:
        """What the run's network answered at the end of an epoch, as `Snapshot.to_bytes` writes it.

        Raises RunError when there is none.
        """
        query = select(SNAPSHOTS.c.content).where(SNAPSHOTS.c.run == run_id, SNAPSHOTS.c.epoch == epoch)
        with self.database.reading() as connection:
            content = connection.scalar(query)
        if content is None:
            raise RunError("Nothing was kept of epoch {epoch} of this run. Choose another.", epoch=epoch)
        return bytes(content)

    def artifact(self, run_id: str, kind: str) -> bytes:
        """A file a run made or was given, one of FileKind. Raises RunError when it has none (yet)."""
        content = self._file(run_id, kind)
        if content is None:
            raise RunError("This run has no model yet. Wait until it has finished, or choose another run.")
        return content

    def artifacts(self, run_id: str) -> list[FileKind]:
        """The kinds of files a run has."""
        with self.database.reading() as connection:
            return kinds_of(connection, run_id)

    def checkpoint(self, run_id: str) -> bytes | None:
        """Where the run can go on from, if it has come so far."""
        return self._file(run_id, FileKind.CHECKPOINT)

    def initial_weights(self, run_id: str) -> bytes | None:
        """The weights a run is to load instead of training, while it has not ended; None when it trains."""
        return self._file(run_id, FileKind.INITIAL_WEIGHTS)

    def pictures(self, run_id: str) -> bytes | None:
        """The uploaded data set of a run that has not ended; None when it uses the one everybody has."""
        return self._file(run_id, FileKind.PICTURES)

    def _file(self, run_id: str, kind: str) -> bytes | None:
        with self.database.reading() as connection:
            return content_of(connection, run_id, kind)


def kinds_of(connection: Connection, run_id: str) -> list[FileKind]:
    """The kinds of files a run has."""
    own = [kind for kind in FLEETING if OwnTable(connection, run_id, kind).there]
    return [*own, *map(FileKind, connection.scalars(select(FILES.c.kind).where(FILES.c.run == run_id)))]


def content_of(connection: Connection, run_id: str, kind: str) -> bytes | None:
    """A file of a run, if it has it."""
    own = OwnTable(connection, run_id, kind).content() if kind in FLEETING else None
    content = connection.scalar(select(FILES.c.content).where(_is(run_id, kind))) if own is None else own
    return None if content is None else bytes(content)


def put(connection: Connection, run_id: str, kind: str, content: bytes) -> None:
    """Keep a file of a run under way, in place of one of the same kind."""
    if kind in FLEETING and OwnTable.wanted(connection):
        OwnTable(connection, run_id, kind).put(content)
    else:
        connection.execute(delete(FILES).where(_is(run_id, kind)))
        connection.execute(insert(FILES).values(run=run_id, kind=kind, content=content))


def end(connection: Connection, run_id: str) -> None:
    """Delete what a visitor uploaded for a run that ends now; where it stands is kept, to train on from."""
    connection.execute(delete(FILES).where((FILES.c.run == run_id) & FILES.c.kind.in_(UPLOADED)))
    for kind in FLEETING:
        table = OwnTable(connection, run_id, kind)
        content = None if kind in UPLOADED else table.content()
        if content is not None:
            connection.execute(insert(FILES).values(run=run_id, kind=kind, content=content))
        table.drop()


def _is(run_id: str, kind: str) -> ColumnElement[bool]:
    return (FILES.c.run == run_id) & (FILES.c.kind == kind)
