"""What kind of file something is by how it begins, and the nearest way that works for one that is not read.

Knows nothing of what is in the files that are read.
"""

import codecs
import re
from collections.abc import Iterable

from core.errors import DataError
from core.language import N_, Saying

PACKED = b"\x1f\x8b"  # begins what gzip has packed,
ZIP = b"PK\3\4"
PARQUET = b"PAR1"
NUMPY = b"\x93NUMPY"
WORKBOOK = N_("In Excel or LibreOffice choose Save as, and there “CSV UTF-8”; then bring that file.")
NUMBERS = N_("In Numbers choose Export to, CSV, and bring that file.")
UNPACK = N_("Unpack it, and bring the table that is in it, or the folders of pictures as a zip.")
AS_ARRAYS = N_("Save its pictures and labels as .npz with numpy.savez, or as a table (CSV).")
AS_TABLE = N_("Save it anew as a table (CSV) or as Parquet.")
AGAIN = N_("Download it again: what came is not the file itself.")
AS_PICTURES = N_("Bring pictures as photos, as a folder, or in a zip with a folder for each class.")
PACKINGS = rb"Rar!|7z\xbc\xaf|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar"
OTHER_PACKING = N_("packed in a way that this app does not open")
PICTURES = rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}WEBP|.{4}ftyp"
KINDS = (  # how it begins, what it is, what to do
    (rb"PK\x03\x04.{26}(\[Content_Types\]|_rels/|xl/)", N_("an Excel workbook"), WORKBOOK),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", N_("a LibreOffice document"), WORKBOOK),
    (rb"PK\x03\x04.{26}Index/", N_("a Numbers document"), NUMBERS),
    (rb"\xd0\xcf\x11\xe0", N_("an old Excel workbook"), WORKBOOK),
    (rb"\x1f\x8b", N_("packed twice"), UNPACK),
    (rb"PK\x03\x04|PK\x05\x06", N_("a zip"), UNPACK),
    (PACKINGS, OTHER_PACKING, UNPACK),
    (PICTURES, N_("a picture, not a table"), AS_PICTURES),
    (rb"%PDF", N_("a PDF document"), AS_TABLE),
    (rb"\x89HDF|MATLAB 5\.0 MAT-file", N_("an HDF5 or MATLAB file"), AS_ARRAYS),
    (rb"\x80[\x02-\x05]", N_("a Python pickle, which can carry a program and is not opened"), AS_ARRAYS),
    (rb"ARROW1|FEA1|\xff\xff\xff\xff", N_("an Arrow file"), AS_TABLE),
    (rb"SQLite format 3", N_("a database"), AS_TABLE),
    (rb"RDX[23]|X\n\0\0\0", N_("an R file"), N_("In R use write.csv(…, row.names = FALSE), then bring that file.")),
    (rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)", N_("a web page"), AGAIN),
    (rb"version https://git-lfs", N_("a Git LFS pointer"), AGAIN),
    (rb"(\xef\xbb\xbf)?\s*[{\[]", N_("JSON"), AS_TABLE),
    (rb"(?i)\s*(%[^\n]*\n\s*)*@relation", N_("an ARFF file, as Weka writes it"), AS_TABLE),
    (rb"\0\0\x08[\x01\x03]", N_("an idx file"), N_("Bring all four idx files together, in a zip.")),
)  # fmt: skip


IN_ZIPS = {  # a file that shows what a zip is
    "xl/workbook.xml": (N_("an Excel workbook"), WORKBOOK),
    "xl/workbook.bin": (N_("an Excel workbook"), WORKBOOK),
    "content.xml": (N_("a LibreOffice document"), WORKBOOK),
    "Index/Document.iwa": (N_("a Numbers document"), NUMBERS),
    "word/document.xml": (N_("a Word document"), AS_TABLE),
}


def zip_refusal(names: Iterable[str], where: Saying | str) -> DataError | None:
    """Why a zip with files of these names is no archive of pictures or tables; None where it may be one."""
    known = next((IN_ZIPS[name] for name in names if name in IN_ZIPS), None)
    return DataError("{where} is {kind}.", known[1], where=where, kind=Saying(known[0])) if known else None


def packing_refusal(content: bytes, where: Saying | str) -> DataError | None:
    """Why a file that is taken for a zip is none, but packed in another way; None where it is not."""
    packed = content.startswith(PACKED) or re.match(PACKINGS, content, re.DOTALL)
    return DataError("{where} is {kind}.", UNPACK, where=where, kind=Saying(OTHER_PACKING)) if packed else None


def refusal(head: bytes, where: Saying | str) -> DataError | None:
    """Why a file that begins like this, some hundred bytes or more, is no table; None where it may be one."""
    if not head:
        return DataError("{where} is empty.", N_("Choose another file."), where=where)
    for pattern, kind, remedy in KINDS:
        if re.match(pattern, head, re.DOTALL):
            return DataError("{where} is {kind}.", remedy, where=where, kind=Saying(kind))
    if encoding(head) == "utf-8" and b"\0" in head:
        return DataError("{where} is no text, and of a kind that this app does not know.", AS_TABLE, where=where)
    return None


def encoding(head: bytes) -> str:
    """How text that begins like this is written: "utf-16-le", "utf-16-be" or "utf-8"."""
    even, odd = head[0:200:2], head[1:200:2]
    if head.startswith(codecs.BOM_UTF16_LE) or (len(head) > 3 and all(even) and not any(odd)):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE) or (len(head) > 3 and all(odd) and not any(even)):
        return "utf-16-be"
    return "utf-8"
