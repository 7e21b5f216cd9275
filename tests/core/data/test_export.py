"""The table of numbers: its shape, its ends, and files that come back as they were."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import export
from core.data.columns import CSV_COLUMNS
from core.data.dataset import Dataset
from core.data.files import read_csv


def test_head_and_tail_are_the_first_and_the_last_rows(small: Dataset) -> None:
    first, last = export.ends(small.train_images, small.train_labels)
    assert first.shape == last.shape == (5, 785) and tuple(first.columns) == CSV_COLUMNS
    assert (
        first["label"].tolist() == small.train_labels[:5].tolist()
        and last["label"].tolist() == small.train_labels[-5:].tolist()
    )
    assert np.array_equal(last.iloc[4, 1:].to_numpy().reshape(28, 28), small.train_images[-1])
    assert first.index.tolist() == [0, 1, 2, 3, 4] and last.index[-1] == len(small.train_labels) - 1


def test_a_short_table_has_short_ends(small: Dataset) -> None:
    first, last = export.ends(small.train_images[:3], small.train_labels[:3])
    assert len(first) == len(last) == 3


def test_a_csv_comes_back_as_it_was(small: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(export.csv(small.test_images, small.test_labels).read())
    assert file.read_text().startswith("label,pixel1,pixel2,")
    images, labels, _ways = read_csv(file)
    assert np.array_equal(images, small.test_images) and np.array_equal(labels, small.test_labels)


def test_a_parquet_file_comes_back_as_it_was(small: Dataset) -> None:
    whole = pd.read_parquet(export.parquet(small.test_images, small.test_labels))
    assert tuple(whole.columns) == CSV_COLUMNS and (whole.dtypes == np.uint8).all()
    assert np.array_equal(whole.to_numpy()[:, 1:].reshape(-1, 28, 28), small.test_images)
    assert np.array_equal(whole["label"], small.test_labels)


def test_the_size_said_is_about_the_size(small: Dataset) -> None:
    size = export.csv(small.train_images, small.train_labels).getbuffer().nbytes / 1e6
    assert export.csv_megabytes(small.train_images, small.train_labels) == pytest.approx(size, rel=0.05)
    assert export.csv_megabytes(small.train_images[:0], small.train_labels[:0]) == 0


@pytest.mark.real_data
def test_60_000_rows_become_a_csv_within_seconds_and_come_back(real: Dataset, tmp_path: Path) -> None:
    began = time.process_time()
    content = export.csv(real.train_images, real.train_labels)
    assert time.process_time() - began < 8
    file = tmp_path / "fashion-mnist_train.csv"
    file.write_bytes(content.getbuffer())
    images, labels, _ways = read_csv(file)
    assert (
        images.shape == (60_000, 28, 28)
        and np.array_equal(images, real.train_images)
        and np.array_equal(labels, real.train_labels)
    )


def test_long_labels_are_listed_by_their_ends() -> None:
    labels = np.array([9, 0, 0, 3, 3, 2, 7, 3, 0, 5], np.uint8)
    assert export.listing(labels) == "array([9, 0, 0, ..., 3, 0, 5])"
    assert export.listing(labels[:3]) == "array([9, 0, 0])"
