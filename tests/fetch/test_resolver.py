"""Lookups are bounded in time and number, and one tenant's are no other's trouble."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import pytest

from app.deadline import Deadline
from app.errors import TargetTimeout, TargetUnreachable
from app.fetch.resolver import PER_TENANT, POOL_SIZE, Resolver
from tests.site import Names

FIRST, SECOND, V6 = "93.184.216.34", "93.184.216.35", "2606:4700::1111"


@pytest.fixture
def hang() -> Callable[[], list[str]]:
    """An answer that comes when the test is over."""
    over = threading.Event()
    yield lambda: over.wait(60) and [FIRST]
    over.set()


def resolve(resolver: Resolver, host: str, seconds: float = 30.0, tenant: str = "") -> list[str]:
    return [str(ip) for ip in resolver.resolve(host, 80, Deadline.after(seconds), tenant)]


def in_background(count: int, work: Callable[[], object]) -> list[threading.Thread]:
    def run() -> None:
        with suppress(TargetTimeout):
            work()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_every_address_is_returned_once_in_the_order_of_the_answer() -> None:
    resolver = Resolver(Names({"example.com": [V6, FIRST, SECOND, FIRST]}), pool_size=1)
    assert resolve(resolver, "example.com") == [V6, FIRST, SECOND]


def test_a_name_is_looked_up_once() -> None:
    names = Names({"example.com": [FIRST]})
    resolve(Resolver(names, pool_size=1), "example.com")
    assert names.asked == ["example.com"]


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    with pytest.raises(TargetUnreachable):
        resolve(Resolver(Names({}), pool_size=1), "nowhere.example")


def test_a_name_without_addresses_is_unreachable() -> None:
    with pytest.raises(TargetUnreachable):
        resolve(Resolver(Names({"empty.example": []}), pool_size=1), "empty.example")


@pytest.mark.parametrize("error", [OSError("no"), UnicodeError("no"), RuntimeError("no")])
def test_whatever_a_lookup_raises_ends_no_thread(error: Exception) -> None:
    resolver = Resolver(Names({"broken.example": error, "example.com": [FIRST]}), pool_size=1)
    with pytest.raises(TargetUnreachable):
        resolve(resolver, "broken.example")
    assert resolve(resolver, "example.com") == [FIRST]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no"),
        OSError(errno.EMFILE, "no"),
        OSError(errno.ENOMEM, "no"),
        socket.gaierror(socket.EAI_MEMORY, "no"),
        socket.gaierror(socket.EAI_SYSTEM, "no"),
    ],
)
def test_want_of_our_own_is_not_the_fault_of_a_name(error: Exception) -> None:
    resolver = Resolver(Names({"broken.example": error, "example.com": [FIRST]}), pool_size=1)
    with pytest.raises(OSError, match="out of memory or descriptors"):
        resolve(resolver, "broken.example")
    assert resolve(resolver, "example.com") == [FIRST]


@pytest.mark.parametrize(
    "records",
    [
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("not-an-address", 80))],
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (b"ten", 80))],
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (None, 80))],
        [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ())],
        [(socket.AF_UNIX, socket.SOCK_STREAM, 0, "", "/run/socket")],
        [(socket.AF_INET,)],
        [None],
        None,
    ],
)
def test_an_answer_that_is_no_address_is_unreachable(records: Any) -> None:
    with pytest.raises(TargetUnreachable):
        resolve(Resolver(lambda *_: records, pool_size=1), "odd.example")


def test_a_lookup_that_hangs_is_left_at_the_deadline(hang: Callable[[], list[str]]) -> None:
    resolver = Resolver(Names({"slow.example": hang}), pool_size=1)
    started = time.monotonic()
    with pytest.raises(TargetTimeout):
        resolve(resolver, "slow.example", seconds=0.3)
    assert time.monotonic() - started < 5.0


def test_a_deadline_that_is_called_off_ends_the_wait(hang: Callable[[], list[str]]) -> None:
    resolver = Resolver(Names({"slow.example": hang}), pool_size=1)
    deadline = Deadline.after(60.0)
    (waiting,) = in_background(1, lambda: resolver.resolve("slow.example", 80, deadline))
    deadline.cancel()
    waiting.join(5.0)
    assert not waiting.is_alive()


def test_sixteen_hanging_lookups_hold_up_no_other_of_the_same_tenant(hang: Callable[[], list[str]]) -> None:
    resolver = Resolver(Names({"slow.example": hang, "example.com": [FIRST]}))
    in_background(16, lambda: resolve(resolver, "slow.example", 25.0, "a"))
    assert resolve(resolver, "example.com", 20.0, "a") == [FIRST]


def test_a_hundred_hanging_lookups_of_one_tenant_hold_up_nobody_else(hang: Callable[[], list[str]]) -> None:
    resolver = Resolver(Names({"slow.example": hang, "example.com": [FIRST]}))
    in_background(100, lambda: resolve(resolver, "slow.example", 25.0, "a"))
    time.sleep(0.2)  # until all of them wait
    assert resolve(resolver, "example.com", 20.0, "b") == [FIRST]


def test_a_tenant_has_a_slot_again_once_a_lookup_has_ended() -> None:
    may_answer = threading.Event()
    names = Names({"slow.example": lambda: may_answer.wait(30) and [FIRST]})
    resolver = Resolver(names, pool_size=2, per_tenant=1)
    first = in_background(1, lambda: resolve(resolver, "slow.example", 0.2))
    first[0].join()
    with pytest.raises(TargetTimeout):
        resolve(resolver, "slow.example", 0.2)
    may_answer.set()
    assert resolve(resolver, "slow.example") == [FIRST]


def test_a_question_that_was_given_up_is_not_asked(hang: Callable[[], list[str]]) -> None:
    may_answer = threading.Event()
    names = Names(
        {"slow.example": lambda: may_answer.wait(30) and [FIRST], "late.example": [FIRST], "a.example": [FIRST]}
    )
    resolver = Resolver(names, pool_size=1)
    for host in ("slow.example", "late.example"):
        with pytest.raises(TargetTimeout):
            resolve(resolver, host, 0.1)
    may_answer.set()
    resolve(resolver, "a.example")
    assert names.asked == ["slow.example", "a.example"]


def test_there_are_no_threads_before_the_first_lookup() -> None:
    before = threading.active_count()
    Resolver(Names({}), pool_size=4)
    assert threading.active_count() == before


def test_a_resolver_that_was_filled_starts_no_thread_later() -> None:
    resolver = Resolver(Names({"example.com": [FIRST]}), pool_size=4)
    before = threading.active_count()
    resolver.fill()
    resolve(resolver, "example.com")
    assert threading.active_count() == before + 4


def test_lookups_make_no_more_threads_than_the_pool_has(hang: Callable[[], list[str]]) -> None:
    before = threading.active_count()
    resolver = Resolver(Names({"slow.example": hang, "example.com": [FIRST]}), pool_size=4)
    for thread in in_background(10, lambda: resolve(resolver, "slow.example", 0.2)):
        thread.join()
    assert threading.active_count() == before + 4


def test_no_tenant_can_fill_the_pool() -> None:
    assert 16 < PER_TENANT <= POOL_SIZE / 2


def test_an_ipv6_answer_keeps_its_scope_for_the_judge() -> None:
    resolver = Resolver(Names({"scoped.example": ["fe80::1%lo"]}), pool_size=1)
    assert resolver.resolve("scoped.example", 80, Deadline.after(30)) == (ip_address("fe80::1%lo"),)
