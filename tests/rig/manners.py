# SPDX-License-Identifier: MIT
"""The ways in which a network treats what goes through it."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Pass:
    """All is forwarded."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Every connection, open or new, is reset."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """Nothing is forwarded any more, either way; the connections stay open.

    When the network passes again, those that were open stay deaf, as behind a router
    that forgot them; those that were being opened go on.
    """


@dataclass(frozen=True, slots=True)
class Refuse:
    """Open connections are reset, and nobody listens any more."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The way up takes `bytes_per_s`; the way down is as ever."""

    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Says:
    """Open connections are reset; a new one gets `reply` to its request, and is
    closed: a proxy, a captive portal, or what speaks no TLS at all."""

    reply: bytes

    @classmethod
    def http(cls, status: int, reason: str = "Unavailable") -> Self:
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\n"
        return cls(f"{head}Connection: close\r\n\r\n".encode())


Manner = Pass | Reset | HalfOpen | Refuse | Slow | Says
