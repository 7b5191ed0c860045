"""Lazy values: computed once, on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801
    """Cached property, without the lock of `functools.cached_property` before Python 3.12."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, _: type | None = None) -> T:
        value = instance.__dict__[self._name] = self._read(instance)
        return value


class OnDemand(dict[K, T]):
    """Results of `read` by its argument, each computed once."""

    def __init__(self, read: Callable[[K], T]) -> None:
        self._read = read

    def __missing__(self, key: K) -> T:
        value = self[key] = self._read(key)
        return value
