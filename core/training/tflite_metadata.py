"""What a .tflite file says of itself, as Android, MediaPipe and Netron read it: input, output and names of classes.

The metadata of TensorFlow Lite (github.com/tensorflow/tflite-support, metadata_schema.fbs) is a FlatBuffer kept among
the buffers of the network, and a zip of files behind it. A runtime that knows nothing of it runs the network as before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import flatbuffers

LABELS, ABOUT = "labels.txt", "fitting_room.json"  # the files behind the network
ENTRY, KIND = "TFLITE_METADATA", b"M001"  # the name of the metadata, and what it begins with
PARSER = "1.0.0"  # the oldest reader that understands all of this
DESCRIPTIONS, AXIS_LABELS = 1, 2  # what a file behind the network is
GREY, IMAGE, NORMALISATION = 2, 2, 1  # colours; a tensor that is an image; a step that prepares it
ALIGNED = 16  # bytes that the runtime wants numbers to begin at


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers comes without types
    """Builds FlatBuffers whose long rows of bytes begin where the runtime wants them."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803  as its library has it
        """Begin a row."""
        place: int = super().StartVector(elemSize, numElems, ALIGNED if elemSize == 1 else alignment)
        return place


def with_metadata(content: bytes, name: str, description: str, labels: Sequence[str], about: str) -> bytes:
    """A .tflite network of grey pictures, 0 to 255, with its name and description, its ten labels and what is said
    about it as JSON."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(_metadata(name, description, len(labels)))
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = _Builder(len(content) + 10_000)
    builder.Finish(model.Pack(builder), b"TFL3")
    packed = io.BytesIO(bytes(builder.Output()))
    with zipfile.ZipFile(packed, "a") as archive:
        for file, text in ((LABELS, "\n".join(labels) + "\n"), (ABOUT, about)):
            archive.writestr(zipfile.ZipInfo(file), text)
    return packed.getvalue()


def _metadata(name: str, description: str, classes: int) -> bytes:
    builder = flatbuffers.Builder(1_000)

    def text(words: str) -> int:
        return int(builder.CreateString(words))

    def table(**values: tuple[int, str, int]) -> int:
        """A table of fields, each its place in the schema, its kind and its value."""
        builder.StartObject(1 + max(place for place, _, _ in values.values()))
        for place, kind, value in values.values():
            getattr(builder, f"Prepend{kind}Slot")(place, value, 0)
        return int(builder.EndObject())

    def row(*offsets: int) -> int:
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    def numbers(*values: float) -> int:
        builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            builder.PrependFloat32(value)
        return int(builder.EndVector())

    def refer(place: int, offset: int) -> tuple[int, str, int]:
        return place, "UOffsetTRelative", offset

    def file(called: str, words: str, kind: int) -> int:
        return table(name=refer(0, text(called)), description=refer(1, text(words)), type=(2, "Int8", kind))

    size = table(width=(0, "Uint32", 28), height=(1, "Uint32", 28))
    picture = table(colours=(0, "Int8", GREY), size=refer(1, size))
    as_it_is = table(mean=refer(0, numbers(0.0)), deviation=refer(1, numbers(1.0)))
    pixels = table(
        name=refer(0, text("picture")),
        description=refer(1, text("28 x 28 grey values from 0, the background, to 255: bright clothes on black.")),
        content=refer(3, table(kind=(0, "Uint8", IMAGE), properties=refer(1, picture))),
        steps=refer(4, row(table(kind=(0, "Uint8", NORMALISATION), options=refer(1, as_it_is)))),
        bounds=refer(5, table(most=refer(0, numbers(255.0)), least=refer(1, numbers(0.0)))),
    )
    labels = file(LABELS, "The classes, in the order of the answers.", AXIS_LABELS)
    answers = table(
        name=refer(0, text("shares")),
        description=refer(1, text(f"A share for each of {classes} classes. How sure these are, {ABOUT} says.")),
        bounds=refer(5, table(most=refer(0, numbers(1.0)), least=refer(1, numbers(0.0)))),
        files=refer(6, row(labels)),
    )
    network = table(inputs=refer(2, row(pixels)), outputs=refer(3, row(answers)))
    about = file(ABOUT, "Classes, input, calibration and test scores as JSON.", DESCRIPTIONS)
    whole = table(
        name=refer(0, text(name)),
        description=refer(1, text(description)),
        networks=refer(3, row(network)),
        maker=refer(4, text("Fitting Room")),
        files=refer(6, row(about)),
        parser=refer(7, text(PARSER)),
    )
    builder.Finish(whole, KIND)
    return bytes(builder.Output())
