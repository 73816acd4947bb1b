"""`.wandb` logs framed by hand: the shapes of SDKs that aren't installed, and damaged ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

BLOCK = 1 << 15
HISTORY, RUN, EXIT = 2, 17, 18


def log(records: Iterable[bytes], *, shift: int = 0, version: int = 0) -> bytes:
    """A whole log; blocks are counted from byte `shift`."""
    content = bytearray(b":W&B\xe1\xbe" + bytes([version]))
    for record in records:
        first = True
        while first or record:
            room = BLOCK - (len(content) - shift) % BLOCK
            if room < 7:
                content += bytes(room)
                room = BLOCK
            part, record = record[: room - 7], record[room - 7 :]
            kind = {(True, False): 1, (True, True): 2, (False, True): 3, (False, False): 4}[first, bool(record)]
            content += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
    return bytes(content)


def run(run_id: str = "hand1", name: str = "by hand") -> bytes:
    """A run record."""
    return field(RUN, field(1, run_id.encode()) + field(3, b"p") + field(8, name.encode()))


def exited(code: int = 0) -> bytes:
    """An exit record."""
    return field(EXIT, (b"\x08" + varint(code) if code else b"") + b"\x10\x07")


def row(values: Mapping[str, str], *, step: int | None = None, number: int | None = None) -> bytes:
    """A history record of plain keys, as Python backends wrote it: values are JSON texts.

    step: the record's own; number: the record's, which SDKs since 0.13 write.
    """
    items = b"".join(field(1, field(1, key.encode()) + field(16, text.encode())) for key, text in values.items())
    own = b"" if step is None else field(2, b"\x08" + varint(step) if step else b"")
    return (b"" if number is None else b"\x08" + varint(number)) + field(HISTORY, items + own)


def rows(n_rows: int, **texts: str) -> list[bytes]:
    """Rows of `_step` and `loss`, the loss being a tenth of the step."""
    return [row({"_step": str(step), "loss": str(step / 10), **texts}) for step in range(n_rows)]


def write(folder: Path, content: bytes, name: str = "run-hand1.wandb") -> str:
    """The path of a log that holds these bytes."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
