"""Connection of a worker and its phase."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from app.server.channel import Channel
from app.server.exchange import Exchange, NextStep


class Phase(Enum):
    """State of a connection. The loop watches its socket in the first four."""

    IDLE = auto()
    RECEIVING = auto()
    SENDING = auto()
    LINGERING = auto()
    ANSWERING = auto()
    CLOSED = auto()


class Connection:
    """`next_step` is None while a request thread has the connection."""

    def __init__(self, channel: Channel, new_exchange: Callable[..., Exchange]) -> None:
        self.channel = channel
        self.new_exchange = new_exchange
        self.exchange: Exchange | None = None
        self.phase = Phase.ANSWERING
        self.next_step: NextStep | None = None
        self.counted = 0  # bytes of its half request in the sum of all

    @property
    def closed(self) -> bool:
        return self.phase is Phase.CLOSED

    def start_next_request(self) -> None:
        self.exchange = None
        self.channel.start_next_request()
