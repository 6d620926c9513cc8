# SPDX-License-Identifier: MIT
"""What a service tells systemd (man sd_notify), message by message."""

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path


class NotifySocket(asyncio.DatagramProtocol):
    """Keeps what the service says; `heard` is called after each message.

    An async context manager. Threads: the event loop's only.
    """

    def __init__(self, path: Path, heard: Callable[[], None]) -> None:
        self.path = path
        #: When it came (monotonic s), and one line: STATUS=Idle, READY=1, WATCHDOG=1...
        self.messages: list[tuple[float, str]] = []
        self.pinged_at: float | None = None
        self._heard = heard

    async def __aenter__(self) -> "NotifySocket":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=str(self.path), family=socket.AF_UNIX
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        self.path.unlink(missing_ok=True)

    def datagram_received(self, message: bytes, _: object) -> None:
        now = time.monotonic()
        for line in message.decode().splitlines():
            if line == "WATCHDOG=1":
                self.pinged_at = now
            self.messages.append((now, line))
        self._heard()

    def newest(self, name: str) -> str:
        """The last value of NAME=..., "" before the first."""
        start = f"{name}="
        lines = (line for _, line in reversed(self.messages))
        return next(
            (ln.removeprefix(start) for ln in lines if ln.startswith(start)), ""
        )

    def times(self, start: str, since: float = 0.0) -> list[float]:
        """When each line that starts so came, from `since` on."""
        return [
            at for at, line in self.messages if at >= since and line.startswith(start)
        ]
