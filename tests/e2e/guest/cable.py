# SPDX-License-Identifier: MIT
"""A network interface that leads nowhere: to the box, a cable (man netdevice)."""

import ctypes
import fcntl
import socket
import struct

_NAME = b"dummy0"
_SIOCADDRT, _SIOCSIFFLAGS, _SIOCSIFADDR = 0x890B, 0x8914, 0x8916
_IFF_UP, _RTF_UP = 1, 1


def plug_in(address: str) -> None:
    """Have `address`, and a way to everywhere."""
    _order(_SIOCSIFADDR, struct.pack("16s16s8x", _NAME, _socket_address(address)))
    _order(_SIOCSIFFLAGS, struct.pack("16sh22x", _NAME, _IFF_UP))
    name = ctypes.create_string_buffer(_NAME)
    anywhere = _socket_address("0.0.0.0")
    # struct rtentry of linux/route.h.
    form, at = "L16s16s16sHhLPhPLLH6x", ctypes.addressof(name)
    route = (0, anywhere, anywhere, anywhere, _RTF_UP, 0, 0, 0, 0, at, 0, 0, 0)
    _order(_SIOCADDRT, struct.pack(form, *route))


def unplug() -> None:
    """The way is gone."""
    _order(_SIOCSIFFLAGS, struct.pack("16sh22x", _NAME, 0))


def _socket_address(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _order(what: int, how: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        fcntl.ioctl(kernel, what, how)
