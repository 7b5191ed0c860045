"""EUC-JP and ISO-2022-JP by the Encoding Standard (12.1 and 12.2), with the vendor rows of its index.

Python's codecs lack 457 of its two-byte characters, such as ① and ㈱; the codec cp932 has all of them.
"""

from __future__ import annotations

import codecs
import re

_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BIJ])")
_EUC_BYTES = bytes(byte | 0x80 if 0x20 < byte < 0x7F else byte for byte in range(0x100))
_VENDOR = "euc-jp-vendor-rows"


def decode_euc_jp(body: bytes, errors: str = "strict") -> str:
    """Decode EUC-JP; with `errors` "replace" broken bytes become U+FFFD."""
    return body.decode("euc_jp", f"{_VENDOR}-{errors}")


def decode_iso_2022_jp(body: bytes, errors: str = "strict") -> str:
    """Decode ISO-2022-JP: segments of ASCII, of half-width katakana, and of two-byte characters."""
    mode = b"(B"
    texts: list[str] = []
    for number, part in enumerate(_ESCAPE.split(body)):
        if number % 2:
            mode = part
        elif part:
            texts.append(_decode_segment(part, mode, errors))
    return "".join(texts)


def _decode_segment(part: bytes, mode: bytes, errors: str) -> str:
    if mode.startswith(b"$"):
        return decode_euc_jp(part.translate(_EUC_BYTES), errors)
    if mode == b"(I":
        return part.translate(_EUC_BYTES).decode("cp932", errors)
    return part.decode("ascii", errors)


def _read_vendor_row(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) < 2 or not all(0xA1 <= byte <= 0xFE for byte in pair):
        raise error
    try:
        return _to_shift_jis(*pair).decode("cp932"), error.start + 2
    except UnicodeDecodeError:
        raise error from None


def _to_shift_jis(lead: int, trail: int) -> bytes:
    """Move a character of JIS X 0208 from EUC to Shift_JIS."""
    row, cell = lead - 0xA1, trail - 0xA1
    first = row // 2 + (0x81 if row < 62 else 0xC1)
    second = cell + (0x9F if row % 2 else 0x40 if cell < 63 else 0x41)
    return bytes((first, second))


def _read_or_replace(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return _read_vendor_row(error)
    except UnicodeError:
        return codecs.replace_errors(error)


codecs.register_error(f"{_VENDOR}-strict", _read_vendor_row)
codecs.register_error(f"{_VENDOR}-replace", _read_or_replace)
