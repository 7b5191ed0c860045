"""Root of the tree of errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class PagecardError(Exception):
    """Base of all. `code` is for machines, `message` for people, `details` for both; `reason` for logs and metrics."""

    code: ClassVar[str]
    status: ClassVar[int]
    message: str

    def __init__(
        self, message: str | None = None, *, details: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        self.message = message or self.message
        self.details = dict(details) if details else None
        self.reason = reason
        super().__init__(self.message)


def leaves(root: type[PagecardError] = PagecardError) -> Iterator[type[PagecardError]]:
    """List every error of the tree that has a code of its own, in the order of the drawing."""
    if "code" in vars(root):
        yield root
        return
    for child in root.__subclasses__():
        yield from leaves(child)
