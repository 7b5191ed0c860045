"""marshmallow's fields, as strict as JSON's types: `"yes"` is no boolean, `"5"` and `true` are no integers.

Validation of an array or object ends after `MOST_ERRORS` mistakes: a body has room for half a million, and
marshmallow takes seconds to name them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

MOST_ERRORS = 100  # reported of one request


class StrictSchema(Schema):
    """An object with the documented fields and no other."""

    class Meta:
        unknown = RAISE

    def __init_subclass__(cls) -> None:
        cls.Meta = type("Meta", (cls.Meta,), {"description": cls.__doc__})  # type: ignore[assignment,misc]
        super().__init_subclass__()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._allowed = f"allowed are {', '.join(self.fields) or 'none'}."
        self.error_messages["unknown"] = f"Unknown field; {self._allowed}"

    def load(self, data: Any, **options: Any) -> Any:
        unknown = len(data.keys() - self.fields.keys()) if isinstance(data, dict) else 0
        if unknown > MOST_ERRORS:
            raise ValidationError(f"Has {unknown} unknown fields; {self._allowed}")
        return super().load(data, **options)


class Array(fields.List[Any]):
    """An array."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        read, errors = [], {}
        for index, each in enumerate(value):
            try:
                read.append(self.inner.deserialize(each, **kwargs))
            except ValidationError as error:
                errors[index] = error.messages
            if len(errors) == MOST_ERRORS:
                break
        if errors:
            raise ValidationError(errors)
        return read


class Strings(Array):
    """An array of strings, checked in microseconds for a batch of a hundred URLs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and set(map(type, value)) <= {str}:
            return value
        return super()._deserialize(value, attr, data, **kwargs)


class Boolean(fields.Boolean):
    """`true` or `false`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Integer(fields.Integer):
    """An integer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class QueryBoolean(fields.Boolean):
    """`true` or `false`, as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Must be true or false.")
        return bool(value == "true")


class QueryInteger(fields.Integer):
    """Digits, as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15):
            raise self.make_error("invalid")
        return int(value)


class CommaList(Array):
    """`a,b`, as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        return super()._deserialize(parts, attr, data, **kwargs)


class Moment(fields.Field[float]):
    """A date or time of ISO 8601 as Unix seconds. Without a zone it is UTC; a date as `end` means its last moment."""

    def __init__(self, *, end: bool, **options: Any) -> None:
        super().__init__(**options)
        self._end = end

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> float:
        # A plus that nobody encoded arrives as a space (HTML standard, application/x-www-form-urlencoded).
        text = re.sub(r"\A([^T]*+T.*) (\d\d:?\d\d)\Z", r"\1+\2", str(value))
        try:
            moment = datetime.fromisoformat(text)
            if self._end and len(text) <= len("2026-05-26"):
                moment = datetime.combine(moment, time.max) if moment.time() == time.min else moment
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise ValidationError("Must be a date or time of ISO 8601, such as 2026-05-26T10:30:00Z.") from None
