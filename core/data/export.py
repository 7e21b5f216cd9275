"""Pictures and labels as a table of numbers: one row a picture, first its label, then its 784 dots; as CSV or Parquet
to take home.

`core.data.files.read_csv` reads the CSV back. Knows nothing of where the pictures come from.
"""

import io

import numpy as np
import pandas as pd
import pyarrow

from core.data.columns import CSV_COLUMNS
from core.images import SIDE

WEIGHED = 500  # pictures written on trial to say how large the whole file will be


def frame(images: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """A few `rows` of the table, (len(rows), 785) uint8; the index is the number of the picture."""
    values = np.column_stack([labels[rows], images[rows].reshape(len(rows), -1)])
    return pd.DataFrame(values, index=rows, columns=list(CSV_COLUMNS))


def ends(images: np.ndarray, labels: np.ndarray, count: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first and the last `count` rows of the table: pandas' head and tail."""
    rows = np.arange(len(labels))
    return frame(images, labels, rows[:count]), frame(images, labels, rows[-count:])


def csv(images: np.ndarray, labels: np.ndarray) -> io.BytesIO:
    """The whole table as a CSV file, with a first line that names label, pixel1 to pixel784."""
    from pyarrow.csv import WriteOptions, write_csv

    content = io.BytesIO()
    write_csv(_columns(images, labels), content, WriteOptions(quoting_style="none", quoting_header="none"))
    content.seek(0)
    return content


def parquet(images: np.ndarray, labels: np.ndarray) -> io.BytesIO:
    """The whole table as a Parquet file: the same columns, packed to a quarter of the size and quicker to read."""
    from pyarrow.parquet import write_table

    content = io.BytesIO()
    write_table(_columns(images, labels), content, compression="zstd")
    content.seek(0)
    return content


def csv_megabytes(images: np.ndarray, labels: np.ndarray) -> float:
    """About how large the CSV file will be, from the first few pictures."""
    few = csv(images[:WEIGHED], labels[:WEIGHED]).getbuffer().nbytes
    return few * len(labels) / max(len(labels[:WEIGHED]), 1) / 1e6


def listing(labels: np.ndarray) -> str:
    """Labels as NumPy shows a long array: the first three, dots, the last three."""
    return f"array({np.array2string(labels, threshold=6, edgeitems=3, separator=', ')})"


def _columns(images: np.ndarray, labels: np.ndarray) -> pyarrow.Table:
    pixels = np.ascontiguousarray(images.reshape(len(images), SIDE * SIDE).T)  # (784, n): a column each
    return pyarrow.Table.from_arrays([pyarrow.array(column) for column in (labels, *pixels)], names=list(CSV_COLUMNS))
