# SPDX-License-Identifier: MIT
"""Opens the WebSocket: to which host, through which proxy, with which limits."""

import asyncio
import logging
import socket
import time
from typing import Any

import websockets
from websockets.asyncio import client

from appliance.basics.secret import Secret, SecretMissing

OPEN_LIMIT_S = 10.0
#: A send that does not drain in this time is a lost link.
SEND_LIMIT_S = 10.0
CLOSE_LIMIT_S = 0.5
_PING_INTERVAL_S = 20.0
#: Pongs were measured 8-30 s late in healthy sessions.
SILENCE_LIMIT_S = _PING_INTERVAL_S + 60.0
#: A larger frame is refused. An answer's messages are a few kB; this is a minute of
#: sound in one.
_MAX_FRAME_BYTES = 4 << 20
#: How much may wait unread: frames in this process, and bytes in the kernel. What the
#: service says of a link comes behind it.
_MOST_FRAMES, _UNREAD_BYTES = 4, 1 << 17
#: How much may wait unsent in this process, and in the kernel (tcp(7)): little, so that
#: what was handed over is on its way, also on a slow uplink.
_UNSENT_BYTES = 8192
#: Far more than what is handed over at once (see above), so these are pongs.
_MOST_UNREAD_BYTES = 1 << 20
#: How long the first address of a name may take before the next one is tried beside it
#: (RFC 8305 §5): a router that swallows IPv6 must not keep the box off-line.
_NEXT_ADDRESS_AFTER_S = 0.25

# At DEBUG websockets logs the handshake, and with it the key.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.WARNING)


class Connection(client.ClientConnection):
    """Breaks off where the other side pings and reads no pong: websockets would keep
    every one of them."""

    #: When something last arrived (monotonic s).
    heard_at = float("-inf")

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().data_received(data)
        if self.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            self.transport.abort()


class _Connect(client.connect):
    """Follows no redirect: the key is for the configured endpoint only."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Unopenable(Exception):
    """There is no connection, for a reason that no library has a name for."""


async def connect(
    endpoint: str, key: Secret | None, proxy: str | None = None
) -> Connection:
    """A connection to `endpoint`, to be closed by the caller.

    `proxy`: http:// or https:// URL; the environment's is never used.

    Raises:
        OSError, websockets.WebSocketException, SecretMissing, Unopenable: none can be
            opened.
    """
    try:
        return await _connect(endpoint, key, proxy)
    except (OSError, websockets.WebSocketException, SecretMissing):
        raise
    except Exception as error:
        # Whatever else fails (a resolver, a missing module, a name with a NUL) is one
        # failed attempt: it must not end the process.
        raise Unopenable(f"{type(error).__name__}: {error}") from error


async def _connect(endpoint: str, key: Secret | None, proxy: str | None) -> Connection:
    connection = await _Connect(
        endpoint,
        additional_headers={"x-goog-api-key": key.reveal()} if key else {},
        # Without TLS a proxy would see the key; loopback needs none anyway.
        proxy=None if endpoint.startswith("ws:") else proxy,
        happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S,
        compression=None,
        open_timeout=OPEN_LIMIT_S,
        ping_interval=_PING_INTERVAL_S,
        # A pong waits behind an answer that is not read yet: the caller judges.
        ping_timeout=None,
        close_timeout=CLOSE_LIMIT_S,
        max_size=_MAX_FRAME_BYTES,
        max_queue=_MOST_FRAMES,
        write_limit=_UNSENT_BYTES,
        create_connection=Connection,
        logger=_quiet,
    )
    assert isinstance(connection, Connection)
    _limit_the_wire(connection)
    return connection


def _limit_the_wire(connection: Connection) -> None:
    _carrier(connection.transport).set_write_buffer_limits(high=_UNSENT_BYTES)
    tcp: socket.socket = connection.transport.get_extra_info("socket")
    # A peer that acknowledges nothing is gone; TCP alone would wait a quarter hour.
    unacknowledged_ms = int(SEND_LIMIT_S * 1000)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unacknowledged_ms)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD_BYTES)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


def _carrier(transport: Any) -> asyncio.WriteTransport:
    """The transport that holds the socket. Under TLS asyncio has a second one below
    the one it shows, with 64 KiB of its own; there is no public way to it."""
    tls = getattr(transport, "_ssl_protocol", None)
    carrier: asyncio.WriteTransport = getattr(tls, "_transport", transport)
    return carrier
