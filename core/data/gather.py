"""Pictures that a visitor brings become a data set: read one by one, given the class that a folder names, and parted
into those to learn from and those to test on.

Knows nothing of the files they come in, nor of sessions, runs or pages.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import process_time

import numpy as np

from core.data.dataset import Dataset, Source
from core.data.sorting import Folder
from core.errors import DataError, PictureError, door
from core.images import SIDE
from core.labels import NAMES
from core.language import N_, Saying, _, ngettext, number
from core.settings import Settings
from core.vision.decode import opened, picture_pixels
from core.vision.quality import Problem
from core.vision.reading import read_picture
from core.words import line

MIN_PICTURES = 20  # pictures a data set needs
TEST_SHARE, SPLIT_SEED = 0.2, 12345
PIXELS_A_BYTE = 40  # so many pixels may be in all pictures together for each byte of the largest upload
REFUSED_SECONDS = 20  # of this process, that the pictures of a zip which cannot be used may cost together
WHITE = 200  # brightness of all four corners that tells a white background; in no picture of the data set it is half
TOLD = 200  # sentences about single pictures; of the others only their number is told
UNREADABLE = N_("This picture cannot be read. Leave it out, or save it again as JPEG or PNG.")
SPLIT_AT_RANDOM = Saying(
    "One in five pictures of each class is kept for the test. They are chosen by chance, the same ones each time."
)
SPLIT_BY_FOLDER = N_("The pictures in the folder “{folder}” are kept for the test; it learns from the others.")


@dataclass(frozen=True, eq=False)
class UploadedDataset:
    """A data set that a visitor uploaded, and what there is to say about it."""

    data: Dataset
    split: Saying  # where its test pictures come from
    left_out: tuple[str, ...] = ()  # what could not be used, each by its name
    doubtful: tuple[str, ...] = ()  # what is used, but deserves a look
    folders: tuple[Folder, ...] = ()  # which folder was taken for which class


def check_size(files: Sequence[tuple[str, bytes]], settings: Settings) -> None:
    """Raise DataError when files, each its name and its bytes, are more than may be brought at once."""
    size = sum(len(content) for _name, content in files)
    if size > settings.max_own_mb * 2**20:
        raise DataError(
            "These are {size} MB; {most} MB is the most. Take fewer or smaller pictures.",
            size=number(size / 2**20, 1),
            most=settings.max_own_mb,
        )


def tidy(name: str) -> str:
    """A file's name, shortened, and without signs that could mean something on a page or that nobody sees."""
    return re.sub(r"[^\w .()/-]+", "_", line(name)).strip()[-80:] or "_"


def split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to test on, four to one in every class, shuffled; a class's only picture is trained
    on."""
    from sklearn.model_selection import train_test_split

    single = np.bincount(labels, minlength=10)[labels] == 1
    rows = np.flatnonzero(~single)
    test_count = max(round(TEST_SHARE * len(rows)), len(np.unique(labels[rows])))
    train, test = train_test_split(rows, test_size=test_count, stratify=labels[rows], random_state=SPLIT_SEED)
    return np.concatenate([train, np.flatnonzero(single)]), test


def split_at_random(
    title: str, images: np.ndarray, labels: np.ndarray, left_out: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()
) -> UploadedDataset:
    """All pictures together, four fifths to train on and one to test on."""
    _check_enough(title, len(labels), left_out)
    train, test = split(labels)
    data = dataset(title, (images[train], labels[train], images[test], labels[test]), left_out)
    return UploadedDataset(data, SPLIT_AT_RANDOM, left_out, doubtful)


def dataset(title: str, arrays: Sequence[np.ndarray], left_out: tuple[str, ...] = ()) -> Dataset:
    """The data set of training images, training labels, test images and test labels. Raises DataError when they are not
    enough to train."""
    train_labels, test_labels = arrays[1], arrays[3]
    _check_enough(title, len(train_labels) + len(test_labels), left_out)
    if len(np.unique(train_labels)) < 2:
        raise DataError(
            "All pictures to learn from in “{title}” are of one class ({only}). It needs two or more to tell apart.",
            title=title,
            only=Saying(NAMES[train_labels[0]]),
        )
    return Dataset.of([np.ascontiguousarray(array) for array in arrays], Source.OWN, title)


def _check_enough(title: str, count: int, left_out: tuple[str, ...]) -> None:
    if count < MIN_PICTURES:
        words = Saying(
            "“{title}” holds {count} pictures that can be used; at least {least} are needed.",
            title=title,
            count=count,
            least=MIN_PICTURES,
        )
        first = [Saying("The first that cannot: {name}.", name=left_out[0].removesuffix("."))] if left_out else []
        raise DataError(words, *first)


def check_count(title: str, count: int, settings: Settings) -> None:
    """Raise DataError when there are more pictures than one may bring."""
    if count > settings.max_own_pictures:
        raise too_many(title, count, settings)


def too_many(title: str, count: int, settings: Settings) -> DataError:
    return DataError(
        "“{title}” holds {count} pictures; {most} is the most. Take fewer of each class.",
        title=title,
        count=count,
        most=settings.max_own_pictures,
    )


@dataclass(frozen=True, eq=False)
class Read:
    """Pictures that were read."""

    images: np.ndarray  # (n, 28, 28) uint8
    rows: list[int]  # of what was brought, those that became a picture
    left_out: list[str]  # why each of the others did not, with its name
    doubtful: list[str]  # what deserves a look, with its name


def read_pictures(
    title: str,
    brought: Sequence[tuple[str, Callable[[], bytes]]],
    settings: Settings,
    progress: Callable[[int, int], None],
) -> Read:
    """Read pictures, each its name and what gives its bytes; one that cannot be opened is named.

    Raises DataError when those that cannot be opened take long together.
    """
    read = Read(np.zeros((0, SIDE, SIDE), np.uint8), [], [], [])
    images: list[np.ndarray] = []
    turned = 0  # pictures whose white background was made black
    pixels = PIXELS_A_BYTE * settings.max_own_mb * 2**20  # that may still be decoded
    seconds = float(REFUSED_SECONDS)  # that may still be spent in vain
    for row, (name, content_of) in enumerate(brought):
        begun = process_time()
        try:
            content = content_of()
            size = _pixels(content)
            if size > pixels:
                raise PictureError("The pictures before it are so large that this one is too much. Send smaller ones.")
            pixels -= size
            picture, finding, white = _picture(content)
            images.append(picture)
            turned += white
            read.rows.append(row)
            if finding:
                read.doubtful.append(f"{name}: {finding}")
        except PictureError as error:
            read.left_out.append(f"{name}: {error}")
            seconds -= process_time() - begun
            if seconds < 0:
                raise DataError(
                    "“{title}” holds pictures that take very long to look at and cannot be used, such as “{name}”."
                    " Take them out, or save them again as JPEG.",
                    title=title,
                    name=name,
                ) from error
        if (row + 1) % max(1, len(brought) // 100) == 0:
            progress(row + 1, len(brought))
    if turned:
        words = ngettext(
            "{count} picture of 28 × 28 has a white background: it was made black.",
            "{count} pictures of 28 × 28 have a white background: it was made black.",
            turned,
        )
        read.doubtful.insert(0, words.format(count=number(turned)))
    return replace(read, images=np.array(images, np.uint8).reshape(-1, SIDE, SIDE))


def sorted_out(
    title: str,
    images: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    test_folder: str,
    left_out: tuple[str, ...] = (),
    doubtful: tuple[str, ...] = (),
) -> UploadedDataset:
    """The data set of pictures (n, 28, 28) uint8 and their classes (n,), with those to `test` on, (n,) bool, apart:
    those of a folder of that name.

    Where none or all of them are, one in five is kept for the test. Raises DataError when they are not enough.
    """
    if not test.any() or test.all():
        return split_at_random(title, images, labels, left_out, doubtful)
    data = dataset(title, (images[~test], labels[~test], images[test], labels[test]), left_out)
    return UploadedDataset(data, Saying(SPLIT_BY_FOLDER, folder=tidy(test_folder)), left_out, doubtful)


def told(sentences: Sequence[str]) -> tuple[str, ...]:
    """The first of these sentences, and how many more there are."""
    more = (_("… and {count} more").format(count=number(len(sentences) - TOLD)),) if len(sentences) > TOLD else ()
    return (*sentences[:TOLD], *more)


def _pixels(content: bytes) -> int:
    """How many pixels a picture says to have. Raises PictureError."""
    if not content:
        raise PictureError("This file is empty. Choose another one.")
    with door(PictureError, UNREADABLE):
        return picture_pixels(content)


def as_it_is(pixels: np.ndarray) -> tuple[np.ndarray, bool] | None:
    """A picture (h, w, 4) uint8 RGBA as the network sees it, (28, 28) uint8, where it is one of that size in grey; and
    whether its background was white and is made black."""
    grey = pixels[..., 0]
    if pixels.shape[:2] != (SIDE, SIDE) or (pixels[..., :3] != grey[..., None]).any() or (pixels[..., 3] < 255).any():
        return None
    white = bool(grey[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= WHITE)
    return (255 - grey if white else grey.copy()), white


def _picture(content: bytes) -> tuple[np.ndarray, str | None, bool]:
    """One picture, (28, 28) uint8, what is doubtful about it, and whether a white background was made black. A grey one
    of 28 x 28 is taken as it is.

    Raises PictureError.
    """
    with door(PictureError, UNREADABLE):
        picture = opened(content, len(content))
        missing = str(Problem.BREAKS_OFF.words) if picture.cut else None
        if (small := as_it_is(picture.pixels)) is not None:
            return small[0], missing, small[1]
        reading = read_picture(picture.pixels)
        return reading.image, str(reading.finding.words) if reading.finding else missing, False
