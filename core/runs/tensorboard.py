"""The curve of a run as TensorBoard event files."""

import tempfile
from pathlib import Path

from core.archive import zipped
from core.runs.schema import Run
from core.runs.store import Store


def events(run: Run, store: Store) -> bytes:
    """The curve of a run as TensorBoard event files, in a zip: `training` and `validation`, each point at its epoch.

    The batches in between stand in `batches`, at hundredths of an epoch.
    """
    from tensorboardX import SummaryWriter

    batches, epochs = store.points(run.id)
    tables = {
        "training": (epochs, "", 1),
        "validation": (epochs[epochs["val_loss"].notna()], "val_", 1),
        "batches": (batches, "", 100),
    }
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (table, prefix, scale) in tables.items():
            if not len(table):
                continue
            with SummaryWriter(str(Path(folder) / name)) as writer:
                columns = table[["epoch", prefix + "accuracy", prefix + "loss"]].to_numpy(float)
                for epoch, *values in columns.tolist():
                    for measure, value in zip(("accuracy", "loss"), values, strict=True):
                        writer.add_scalar(measure, value, round(scale * epoch), walltime=run.created)
            (written,) = (Path(folder) / name).iterdir()
            files[f"{run.id}/{name}/events.out.tfevents.{round(run.created)}.run"] = written.read_bytes()
    return zipped(files)
