"""Connection of a worker and its phase."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any

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

    def __init__(self, channel: Channel, client: Any, new_exchange: Callable[..., Exchange]) -> None:
        """`client`: the address that `socket.accept` gave."""
        self.channel = channel
        self.client = client
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


def largest(connections: Iterable[Connection]) -> Connection:
    """Find the largest connection of the tenant with the most bytes; of equals, the slowest."""
    now, held = time.monotonic(), Counter[str]()
    for conn in connections:
        held[conn.channel.tenant] += conn.channel.held
    tenant, _ = held.most_common(1)[0]
    own = (conn for conn in connections if conn.channel.tenant == tenant)
    return max(own, key=lambda conn: (conn.channel.held, -conn.channel.rate(now)))
