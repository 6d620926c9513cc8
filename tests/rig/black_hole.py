# SPDX-License-Identifier: MIT
"""An address that swallows everything, as behind a router whose IPv6 leads nowhere."""

import socket
from contextlib import ExitStack
from typing import Self


class BlackHole:
    """A port of ::1 that answers no SYN: nobody accepts, and its queue is full."""

    def __init__(self, port: int) -> None:
        self._sockets = ExitStack()
        listener = self._socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1", port))
        listener.listen(0)
        for _ in range(8):
            waiting = self._socket()
            waiting.setblocking(False)
            waiting.connect_ex(("::1", port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._sockets.close()

    def _socket(self) -> socket.socket:
        return self._sockets.enter_context(socket.socket(socket.AF_INET6))
