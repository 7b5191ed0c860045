"""Drawing with Pillow: resize, crop and encode one picture. Runs in a decoder process alone.

Rule 1: Pillow opens the format that the bytes showed, and no other.
Rule 2: pixels are judged by the header, before any is decoded.
Rule 3: the answer holds pixels alone: no EXIF, no profile, no text, no second frame.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from math import ceil

from PIL import Image, ImageCms, ImageFile
from PIL.Image import Resampling, Transpose

from app.images.options import ImageOptions
from app.images.tasks import MAX_PIXELS, Drawn, Facts, Refused, Task
from app.images.thumbhash import encode_thumbhash

PILLOW_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/x-icon": "ICO",
}
OWN_FORMATS = {"image/jpeg": "jpeg", "image/webp": "webp", "image/avif": "webp"}  # without a wish; others: PNG

# Orientation of EXIF 2.3, tag 0x0112, and the step that undoes it.
ORIENTATION = 0x0112
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
LYING = (5, 6, 7, 8)  # orientations that swap width and height

THUMB = 64  # pixels of the longer side that a thumbhash is made of
OPAQUE = 128  # alpha from which a pixel counts as seen
QUALITIES = (65, 50, 35, 25)  # tried in turn for `max…k`
SHRINK = 0.7  # of each side, as often as the quality alone does not do
SHRINKS = 12
WEBP_EFFORT = 3  # 0 to 6
PNG_EFFORT = 6  # 0 to 9
SRGB = ImageCms.createProfile("sRGB")

Size = tuple[int, int]
Box = tuple[float, float, float, float]

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = True  # a picture that was cut off shows as far as it came, as in browsers


def draw(task: Task, body: bytes) -> Drawn | Facts | Refused:
    """Do one task. Never raises but MemoryError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _draw(task, body)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return Refused("pixels")
    except MemoryError:
        raise
    except Exception:  # whatever a decoder makes of a stranger's bytes, there is no picture in them
        return Refused("broken")


def _draw(task: Task, body: bytes) -> Drawn | Facts | Refused:
    with Image.open(io.BytesIO(body), formats=(PILLOW_FORMATS[task.type],)) as image:
        if not 0 < image.width * image.height <= MAX_PIXELS:
            return Refused("pixels")
        if task.options is None:
            return _facts(image, whole=task.whole)
        return _encode(_prepare(image, task.options), task.options, task.type)


def _facts(image: Image.Image, *, whole: bool) -> Facts:
    turn = _orientation(image) in LYING
    width, height = (image.height, image.width) if turn else image.size
    if not whole:
        return Facts(width, height)
    small = _prepare(image, ImageOptions(width=THUMB, height=THUMB)).convert("RGBA")
    hashed = encode_thumbhash(small.width, small.height, small.tobytes())
    return Facts(width, height, _dominant_color(small), base64.b64encode(hashed).decode())


def _dominant_color(image: Image.Image) -> str | None:
    """Return the mean of the largest group of similar colours, as `#rrggbb`; None where all is transparent."""
    groups: dict[bytes, list[bytes]] = defaultdict(list)
    pixels = image.tobytes()
    for pixel in (pixels[start : start + 4] for start in range(0, len(pixels), 4)):
        if pixel[3] >= OPAQUE:
            groups[bytes(channel >> 5 for channel in pixel[:3])].append(pixel)
    largest = max(groups.values(), key=len, default=None)
    if not largest:
        return None
    mean = [sum(channel) // len(largest) for channel in zip(*largest, strict=True)]
    return f"#{bytes(mean[:3]).hex()}"


def _prepare(image: Image.Image, options: ImageOptions) -> Image.Image:
    """Return the first frame in the wanted size, upright and in sRGB."""
    orientation, profile, full = _orientation(image), image.info.get("icc_profile"), image.size
    wanted = (options.width, options.height)
    box, size = place(full, wanted[::-1] if orientation in LYING else wanted, cover=options.fit == "cover")
    zoom = size[0] / (box[2] - box[0])
    image.draft("RGB", (ceil(full[0] * zoom), ceil(full[1] * zoom)))  # JPEG decodes at an eighth to a half
    drawn = _plain(image)
    left, right = (side * drawn.width / full[0] for side in box[::2])
    upper, lower = (side * drawn.height / full[1] for side in box[1::2])
    drawn = drawn.resize(size, Resampling.LANCZOS, box=(left, upper, right, lower), reducing_gap=2.0)
    if orientation in UPRIGHT:
        drawn = drawn.transpose(UPRIGHT[orientation])
    plain = _to_srgb(drawn, profile)
    plain.info = {}  # comments, EXIF and profiles, which Pillow would write again
    return plain


def place(full: Size, wanted: tuple[int | None, int | None], *, cover: bool) -> tuple[Box, Size]:
    """Return the part of a picture to show, and its size in the answer. Nothing is enlarged."""
    width, height = wanted
    if cover and width and height:
        zoom = max(width / full[0], height / full[1])
        part = width / zoom, height / zoom
        left, upper = (full[0] - part[0]) / 2, (full[1] - part[1]) / 2
        scale = min(1.0, zoom)
        return (left, upper, left + part[0], upper + part[1]), _sides(part, scale)
    scale = min(1.0, (width or full[0]) / full[0], (height or full[1]) / full[1])
    return (0, 0, *full), _sides(full, scale)


def _sides(part: tuple[float, float], scale: float) -> Size:
    return max(1, round(part[0] * scale)), max(1, round(part[1] * scale))


def _orientation(image: Image.Image) -> int:
    with suppress(Exception):  # EXIF is a stranger's TIFF file; without it the picture is as it lies
        return int(image.getexif().get(ORIENTATION, 1))
    return 1


def _plain(image: Image.Image) -> Image.Image:
    """Decode the first frame into a mode that can be resized."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGB", "RGBA", "L", "LA", "CMYK"):
        image.load()
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colours = _apply(profile, image.convert("RGB") if alpha else image)
    if alpha:
        colours.putalpha(alpha)
    return colours


def _apply(profile: bytes | None, image: Image.Image) -> Image.Image:
    with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a bad profile is no profile, as in browsers
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB") or image
    return image.convert("RGB")


def _encode(image: Image.Image, options: ImageOptions, source: str) -> Drawn | Refused:
    form = options.format or OWN_FORMATS.get(source, "png")
    most = options.max_kib * 1024 if options.max_kib else None
    for drawn, quality in _attempts(image, options, form):
        body = _save(drawn, form, quality)
        if most is None or len(body) <= most:
            return Drawn(body, f"image/{form}", *drawn.size)
    return Refused("size")


def _attempts(image: Image.Image, options: ImageOptions, form: str) -> Iterator[tuple[Image.Image, int]]:
    """Yield the picture with less quality each time, then smaller and smaller; PNG has no quality."""
    qualities = [options.quality, *(each for each in QUALITIES if each < options.quality and form != "png")]
    yield from ((image, quality) for quality in qualities)
    for _ in range(SHRINKS):
        image = image.resize(_sides(image.size, SHRINK), Resampling.LANCZOS)
        yield image, qualities[-1]


def _save(image: Image.Image, form: str, quality: int) -> bytes:
    encoded = io.BytesIO()
    if form == "jpeg":
        _flatten(image).save(encoded, "JPEG", quality=quality, optimize=True, progressive=True)
    elif form == "webp":
        image.save(encoded, "WEBP", quality=quality, method=WEBP_EFFORT)
    else:
        image.save(encoded, "PNG", compress_level=PNG_EFFORT)
    return encoded.getvalue()


def _flatten(image: Image.Image) -> Image.Image:
    """Put a picture on white, since JPEG has no transparency."""
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white
