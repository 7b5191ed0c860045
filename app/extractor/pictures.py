"""Facts of pictures beside cards: found or read once the card is there, and spliced into its bytes."""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec import Struct

from app.deadline import Deadline
from app.results import Outcome, Success, with_fields

NAME = "image_info"
NOTHING = b"null"


class Pictures(Protocol):
    """Source of facts, as encoded JSON (app.images.facts)."""

    def find(self, url: str) -> bytes | None: ...

    def read(self, url: str, deadline: Deadline, tenant: str) -> bytes: ...


class _Card(Struct):
    image: str | None = None


_read_card = msgspec.json.Decoder(_Card).decode


def find_facts(outcome: Outcome, pictures: Pictures) -> Outcome | None:
    """Add the facts of a card's picture, if they are known; None if they are not."""
    if not isinstance(outcome, Success):
        return outcome
    image = _read_card(outcome.data).image
    facts = pictures.find(image) if image else NOTHING
    return None if facts is None else _add(outcome, facts)


def read_facts(outcome: Outcome, pictures: Pictures, deadline: Deadline, tenant: str) -> Outcome:
    """Add the facts of a card's picture, null where the deadline leaves no time for them."""
    if not isinstance(outcome, Success):
        return outcome
    image = _read_card(outcome.data).image
    return _add(outcome, pictures.find(image) or pictures.read(image, deadline, tenant) if image else NOTHING)


def _add(card: Success, facts: bytes) -> Success:
    return msgspec.structs.replace(card, data=with_fields(card.data, {NAME: facts}))
