"""Messages between a worker and its decoder processes, as MessagePack.

Rule: nothing that a decoder answers is unpickled or run; it is read as one of these Structs.
"""

from __future__ import annotations

import struct
from typing import Literal

from msgspec import Struct

from app.images.options import ImageOptions

MAX_PIXELS = 40_000_000
SIZES = struct.Struct("<II")  # of a task and of its picture, before both
SIZE = struct.Struct("<I")  # of an answer, before it


class Task(Struct, frozen=True):
    """Work on one picture of `type`: draw it with `options`, or with None read its facts.

    `whole`: every byte of the picture is there.
    """

    type: str
    options: ImageOptions | None
    whole: bool = True


class Drawn(Struct, frozen=True, tag_field="kind"):
    """Encoded picture; sides in pixels."""

    body: bytes
    type: str
    width: int
    height: int


class Facts(Struct, frozen=True, tag_field="kind"):
    """Sides in pixels, upright. The rest is None where a part of the picture is missing; `thumbhash` is base64."""

    width: int
    height: int
    dominant_color: str | None = None
    thumbhash: str | None = None


class Refused(Struct, frozen=True, tag_field="kind"):
    """Refusal: more pixels than allowed, no picture in the bytes, no room in `max…k`."""

    reason: Literal["pixels", "broken", "size"]


Done = Drawn | Facts | Refused
