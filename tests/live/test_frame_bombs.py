# SPDX-License-Identifier: MIT
"""What no frame can do: fill the memory of the box, whole, in parts, or packed."""

import zlib
from pathlib import Path

import pytest

from appliance.core import events as ev
from tests.live.loopback import Line, accept, header, on_loop, peer, pour

MIB = 1 << 20
#: More than the largest message that is taken (4 MiB, as parts and as a whole).
_BOUND_KB = 48 << 10
_WHOLE, _FIRST, _NEXT, _COMPRESSED, _PING = 0x82, 0x02, 0x00, 0xC2, 0x89


def peak_kb() -> int:
    """The most resident memory since `forget_peak`: man 5 proc_pid_status."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def whole():
    yield header(_WHOLE, 64 * MIB)
    for _ in range(64):
        yield bytes(MIB)


def in_parts():
    for number in range(64):
        yield header(_NEXT if number else _FIRST, MIB)
        yield bytes(MIB)


@pytest.mark.parametrize("pieces", [whole, in_parts])
@on_loop
async def test_a_message_of_64_mib_is_refused_and_never_in_memory(pieces):
    async def talk(socket):
        await accept(socket)
        await pour(socket, pieces())
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.LinkUp)
        forget_peak()
        before_kb = peak_kb()
        lost = await line.heard(ev.LinkLost)
        assert lost.reason.startswith("1009")
        assert peak_kb() - before_kb < _BOUND_KB


@on_loop
async def test_pings_to_a_service_that_reads_no_pong_fill_no_memory():
    pings = (bytes([_PING, 125]) + bytes(125)) * 8192

    async def talk(socket):
        await accept(socket)
        socket.transport.pause_reading()
        await pour(socket, (pings for _ in range(64)))
        socket.transport.abort()

    async with peer(talk) as url, Line(url) as line:
        await line.heard(ev.LinkUp)
        forget_peak()
        before_kb = peak_kb()
        await line.heard(ev.LinkLost)
        assert peak_kb() - before_kb < _BOUND_KB


@on_loop
async def test_compression_is_not_offered_and_what_is_compressed_is_refused():
    packer = zlib.compressobj(wbits=-15)
    bomb = packer.compress(bytes(64 * MIB)) + packer.flush(zlib.Z_SYNC_FLUSH)
    offered = []

    async def talk(socket):
        offered.append(socket.request.headers.get("Sec-WebSocket-Extensions"))
        await accept(socket)
        await pour(socket, [header(_COMPRESSED, len(bomb)), bomb])
        await socket.wait_closed()

    async with peer(talk, compression="deflate") as url, Line(url) as line:
        await line.heard(ev.LinkUp)
        forget_peak()
        before_kb = peak_kb()
        lost = await line.heard(ev.LinkLost)
        assert lost.reason.startswith("1002")
        assert peak_kb() - before_kb < _BOUND_KB
        assert offered[0] is None


@on_loop
async def test_a_service_that_compresses_unasked_is_refused():
    def unasked(socket, request, response):
        response.headers["Sec-WebSocket-Extensions"] = "permessage-deflate"

    async with peer(accept, process_response=unasked) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert "extension" in lost.reason
        assert not line.all(ev.LinkUp)
