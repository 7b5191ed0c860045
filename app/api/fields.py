"""marshmallow's fields, as strict as JSON is typed: `"yes"` is no boolean, `"5"` and `true` no integers."""

from __future__ import annotations

from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields


class StrictSchema(Schema):
    """An object with the documented fields and no other."""

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages["unknown"] = f"Unknown field; allowed are {', '.join(self.fields) or 'none'}."


MOST_ERRORS = 100  # of one request that are told


class Strings(fields.List[Any]):
    """An array of strings, looked at as fast as a body with half a million of something else needs it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        wrong = islice((index for index, each in enumerate(value) if not isinstance(each, str)), MOST_ERRORS)
        errors = {index: ["Not a valid string."] for index in wrong}
        if errors:
            raise ValidationError(errors)
        return value


class Boolean(fields.Boolean):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Integer(fields.Integer):
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


class CommaList(fields.List[Any]):
    """`a,b`, as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        return super()._deserialize(parts, attr, data, **kwargs)
