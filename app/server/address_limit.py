"""Limit of the connections of one client address to a worker."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.networks import Network, contains


class AddressLimit:
    """Counts connections by client address. Proxies and sockets without an address are exempt."""

    def __init__(self, limit: int = 0, exempt: tuple[Network, ...] = ()) -> None:
        """`limit`: connections of an address, 0 for no limit; `exempt`: networks of trusted proxies."""
        self._limit = limit
        self._exempt = exempt
        self._open: Counter[str] = Counter()

    def is_reached(self, client: Any) -> bool:
        """Whether the limit is reached for a client's address, as `socket.accept` gives it."""
        host = host_of(client)
        return bool(host) and 0 < self._limit <= self._open[host] and not contains(self._exempt, host)

    def add(self, client: Any) -> None:
        """Count a connection that was opened."""
        self._open[host_of(client)] += 1

    def remove(self, client: Any) -> None:
        """Count a connection that was closed; drop the address at zero."""
        host = host_of(client)
        self._open[host] -= 1
        if not self._open[host]:
            del self._open[host]


def host_of(client: Any) -> str:
    """Return the IP address of a client; empty for a Unix socket."""
    return client[0].partition("%")[0] if isinstance(client, tuple) else ""
