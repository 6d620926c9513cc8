# SPDX-License-Identifier: MIT
"""Opens the WebSocket: whom it shows the key, and how patient it is."""

import asyncio
import logging
import socket
from typing import Any

from websockets.asyncio import client

from appliance.basics.secret import Secret

OPEN_LIMIT_S = 10.0
#: A send that does not drain in this time is a lost link.
SEND_LIMIT_S = 10.0
CLOSE_LIMIT_S = 0.5
#: Pongs were measured 8-30 s late in healthy sessions.
_PING_INTERVAL_S, _PONG_LIMIT_S = 20.0, 60.0
#: A larger frame is refused; an answer's messages are a few kB.
_MAX_FRAME_BYTES = 16 << 20
#: How much may wait unsent in this process, and in the kernel (tcp(7)): little, so that
#: what was handed over is on its way, also on a slow uplink.
_UNSENT_BYTES = 8192

# At DEBUG websockets logs the handshake, and with it the key.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.WARNING)


class _Connect(client.connect):
    """Follows no redirect: the key is for the configured endpoint only."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def connect(endpoint: str, key: Secret | None) -> client.ClientConnection:
    """A connection to `endpoint`, to be closed by the caller.

    Raises:
        OSError, websockets.WebSocketException: there is none to be had.
    """
    connection = await _Connect(
        endpoint,
        additional_headers={"x-goog-api-key": key.reveal()} if key else {},
        # Without TLS a proxy would see the key; loopback needs none anyway.
        proxy=None if endpoint.startswith("ws:") else True,
        compression=None,
        open_timeout=OPEN_LIMIT_S,
        ping_interval=_PING_INTERVAL_S,
        ping_timeout=_PONG_LIMIT_S,
        close_timeout=CLOSE_LIMIT_S,
        max_size=_MAX_FRAME_BYTES,
        write_limit=_UNSENT_BYTES,
        logger=_quiet,
    )
    _limit_the_wire(connection)
    return connection


def _limit_the_wire(connection: client.ClientConnection) -> None:
    _carrier(connection.transport).set_write_buffer_limits(high=_UNSENT_BYTES)
    tcp: socket.socket = connection.transport.get_extra_info("socket")
    # Who acknowledges nothing is gone; by itself TCP would go on for a quarter hour.
    unacknowledged_ms = int(SEND_LIMIT_S * 1000)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unacknowledged_ms)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


def _carrier(transport: Any) -> asyncio.WriteTransport:
    """The transport that holds the socket. Under TLS asyncio has a second one below
    the one it shows, with 64 KiB of its own; there is no public way to it."""
    tls = getattr(transport, "_ssl_protocol", None)
    carrier: asyncio.WriteTransport = getattr(tls, "_transport", transport)
    return carrier
