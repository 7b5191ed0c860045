"""Pictures for tests: honest ones drawn with Pillow, hostile ones written by hand."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

JPEG, PNG, WEBP, GIF = "image/jpeg", "image/png", "image/webp", "image/gif"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)

SVG = b"""<?xml version="1.0"?><!-- drawn by hand --><!DOCTYPE svg>
<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script><rect width="9" height="9"/></svg>"""


def picture(form: str = "JPEG", size: tuple[int, int] = (400, 300), mode: str = "RGB", **options: Any) -> bytes:
    """Draw a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    encoded = io.BytesIO()
    image.convert(mode).save(encoded, form, **options)
    return encoded.getvalue()


def turned(orientation: int, **options: Any) -> bytes:
    """Draw a JPEG with an orientation, a place and a comment in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "taken at home"
    return picture("JPEG", exif=exif, comment=b"secret", **options)


def noise(size: tuple[int, int] = (1600, 1200), quality: int = 80) -> bytes:
    """Draw a JPEG that compresses badly."""
    encoded = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise(size, 60)] * 3).save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, rows: bytes = b"") -> bytes:
    """Write a PNG whose header says so many pixels, whatever its rows say."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(rows or bytes(width * 3 + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_of(frames: int) -> bytes:
    """Write a GIF of one red pixel and so many frames."""
    head = b"GIF89a\1\0\1\0\x80\0\0" + bytes(RED + BLUE)
    frame = b"!\xf9\4\0\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return head + frame * frames + b";"
