"""The curve of a run as TensorBoard event files."""

import math
import tempfile
from pathlib import Path

from core.archive import zipped
from core.data.dataset import FULL
from core.runs.schema import Run
from core.runs.store import Store


def events(run: Run, store: Store, pictures: int = FULL[0]) -> bytes:
    """The curve of a run as TensorBoard event files, in a zip: `training` and `validation` after each epoch, and the
    `batches` in between, all at the step they were taken at.

    A step is one batch. `pictures` is how many training pictures the data set has, of which a plan may take some.
    """
    from tensorboardX import SummaryWriter

    batches, epochs = store.points(run.id)
    steps = steps_an_epoch(run, pictures)
    tables = {
        "training": (epochs, ""),
        "validation": (epochs[epochs["val_loss"].notna()], "val_"),
        "batches": (batches, ""),
    }
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (table, prefix) in tables.items():
            if not len(table):
                continue
            with SummaryWriter(str(Path(folder) / name)) as writer:
                columns = table[["epoch", prefix + "accuracy", prefix + "loss"]].to_numpy(float)
                for epoch, *values in columns.tolist():
                    for measure, value in zip(("accuracy", "loss"), values, strict=True):
                        writer.add_scalar(measure, value, round(steps * epoch), walltime=run.created)
            (written,) = (Path(folder) / name).iterdir()
            files[f"{run.id}/{name}/events.out.tfevents.{round(run.created)}.run"] = written.read_bytes()
    return zipped(files)


def steps_an_epoch(run: Run, pictures: int) -> int:
    """How many batches a run looked at in an epoch, on a data set of so many training pictures."""
    chosen = min(run.plan.examples or pictures, pictures)
    held_back = math.ceil(chosen * run.plan.row.validation)
    return math.ceil((chosen - held_back) / run.plan.batch_size)
