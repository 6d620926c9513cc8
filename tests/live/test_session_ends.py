# SPDX-License-Identifier: MIT
"""How one WebSocket ends, or fails to open, and what is said about it."""

import asyncio
import json
import socket
import ssl
from functools import partial
from urllib.parse import urlsplit

import pytest

from appliance.core import events as ev
from appliance.core.effects import CloseTurn, SendAudio
from appliance.core.signals import Fault
from appliance.live import connect, session, uplink
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Close, Drop, Garbage, Scenario
from tests.live.loopback import (
    KEY,
    QUICK,
    UP,
    Line,
    Rude,
    accept,
    on_loop,
    peer,
    settled,
)
from tests.rig.black_hole import BlackHole
from tests.rig.certificates import certificate


@pytest.mark.parametrize(
    ("code", "reason", "fault"),
    [
        (1000, "", None),
        (1001, "going away", None),
        (1007, "API key expired. Please renew the API key.", Fault.KEY),
        (1007, "Thinking level is not supported for this model.", Fault.REFUSED),
        (1007, "Request contains an invalid argument.", None),
        (1008, "The operation was aborted.", None),
        (1011, "Internal error encountered.", None),
        (1011, "You exceeded your current quota", Fault.QUOTA),
        (1011, "monthly spending cap", Fault.QUOTA),
    ],
)
@on_loop
async def test_a_close_frame_is_told_with_its_fault_and_its_words(code, reason, fault):
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Close(code, reason))
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(fault, f"{code} {reason}".strip())


@on_loop
async def test_a_drop_is_told_as_such():
    async with LiveServer(QUICK) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        await server.inject(Drop())
        assert await line.heard(ev.LinkLost) == ev.LinkLost(None, "no close frame")


@pytest.mark.parametrize(
    ("code", "reason", "fault"),
    [
        (1007, "API key not valid. Please pass a valid API key.", Fault.KEY),
        (1007, "Request contains an invalid argument.", Fault.REFUSED),
        (1007, "What nobody has seen yet", Fault.REFUSED),
        (1008, "models/x is not found for API version v1beta", Fault.REFUSED),
        (1011, "The service is currently unavailable.", Fault.NETWORK),
        (1011, "RESOURCE_EXHAUSTED", Fault.QUOTA),
    ],
)
@on_loop
async def test_a_link_that_is_never_up_always_has_a_fault(code, reason, fault):
    scenario = Scenario(faults=(Close(code, reason, at="setup"),))
    async with LiveServer(scenario) as server, Line(server.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(fault, f"{code} {reason}")
        assert line.kinds[:2] == ["LinkOpening", "LinkLost"]


@on_loop
async def test_a_wrong_key_and_a_wrong_model_are_told_apart():
    async with LiveServer(QUICK, api_key="another") as server, Line(server.url) as line:
        assert (await line.heard(ev.LinkLost)).fault is Fault.KEY
    wrong = uplink.Settings("models/gemini-2.0-flash-exp", "Kore", "", "", False)
    async with LiveServer(QUICK) as server, Line(server.url, settings=wrong) as line:
        assert (await line.heard(ev.LinkLost)).fault is Fault.REFUSED


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, Fault.NETWORK),
        (400, Fault.REFUSED),
        (401, Fault.KEY),
        (403, Fault.NETWORK),
        (404, Fault.REFUSED),
        (429, Fault.QUOTA),
        (502, Fault.NETWORK),
        (503, Fault.NETWORK),
    ],
)
@on_loop
async def test_a_refused_upgrade_is_told_with_its_status(status, fault):
    def refuse(connection, request):
        return connection.respond(status, "no")

    async with peer(accept, process_request=refuse) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(fault, f"HTTP {status}")


@on_loop
async def test_a_refused_upgrade_is_told_with_the_error_in_its_body():
    def refuse(connection, request):
        error = {"message": "API key expired.\x1b[2J", "status": "INVALID_ARGUMENT"}
        return connection.respond(403, json.dumps({"error": error}))

    async with peer(accept, process_request=refuse) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        reason = "HTTP 403 API key expired. [2J INVALID_ARGUMENT"
        assert lost == ev.LinkLost(Fault.KEY, reason)


@pytest.mark.parametrize("set_up", [True, False])
@on_loop
async def test_an_error_object_ends_the_link_though_nobody_closes_it(set_up):
    error = {"code": 429, "message": "Your credits are depleted."}

    async def talk(socket):
        await accept(socket, *([UP] if set_up else [b"{}"]))
        await socket.send(json.dumps({"error": error}))
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(
            Fault.QUOTA, "error: code 429 Your credits are depleted."
        )


@pytest.mark.parametrize(
    "error",
    [
        ImportError("connecting through a SOCKS proxy requires python-socks"),
        ValueError("Port could not be cast to integer value as 'x'"),
        RuntimeError("of a library"),
    ],
)
@on_loop
async def test_whatever_ends_an_attempt_is_a_loss_and_not_the_end(error, monkeypatch):
    async def fail(*_, **__):
        raise error

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", fail)
    async with Line("ws://127.0.0.1:9/live") as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.NETWORK
        assert lost.reason == f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://127.0.0.1:port"])
@on_loop
async def test_no_proxy_of_the_environment_is_used(proxy, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SOCKS_PROXY"):
        monkeypatch.setenv(name, proxy)
    async with Line("wss://127.0.0.1:9/live") as line:
        lost = await line.heard(ev.LinkLost)
        assert "Connect call failed ('127.0.0.1', 9)" in lost.reason


@on_loop
async def test_the_configured_proxy_is_asked_for_a_tunnel_and_gets_no_key():
    asked = asyncio.get_running_loop().create_future()

    async def proxy(reader, writer):
        asked.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 503 no\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = "wss://live.test/live"
        async with Line(url, proxy=f"http://127.0.0.1:{port}") as line:
            lost = await line.heard(ev.LinkLost)
            request = await asked
    assert lost.fault is Fault.NETWORK
    assert request.startswith(b"CONNECT live.test:443 ")
    assert KEY.encode() not in request


@on_loop
async def test_an_address_that_swallows_everything_does_not_keep_the_box_off_line(
    monkeypatch,
):
    """As behind a router whose IPv6 leads nowhere."""
    loop = asyncio.get_running_loop()
    async with LiveServer(QUICK) as server:
        port = urlsplit(server.url).port
        with BlackHole(port):

            async def both(host, port, **_):
                stream = (socket.SOCK_STREAM, 6, "")
                return [
                    (socket.AF_INET6, *stream, ("::1", port, 0, 0)),
                    (socket.AF_INET, *stream, ("127.0.0.1", port)),
                ]

            monkeypatch.setattr(loop, "getaddrinfo", both)
            monkeypatch.setattr(connect, "OPEN_LIMIT_S", 5.0)
            async with Line(server.url.replace("127.0.0.1", "localhost")) as line:
                await line.heard(ev.LinkUp)
                assert not line.all(ev.LinkLost)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@on_loop
async def test_no_redirect_gets_the_key(status):
    elsewhere = []

    async def talk(socket):
        elsewhere.append(socket.request.headers.get("x-goog-api-key"))

    async with peer(talk) as trap:

        def redirect(connection, request):
            response = connection.respond(status, "")
            response.headers["Location"] = trap
            return response

        async with peer(accept, process_request=redirect) as url, Line(url) as line:
            lost = await line.heard(ev.LinkLost)
            assert lost == ev.LinkLost(Fault.NETWORK, f"HTTP {status}")
    assert elsewhere == []


@on_loop
async def test_a_port_that_nobody_listens_on_is_no_network():
    async with Rude() as rude:
        url = rude.url
    async with Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.NETWORK
        assert "Connect call failed" in lost.reason


@on_loop
async def test_a_peer_that_speaks_no_http_is_no_network():
    async def talk(reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Line(f"ws://127.0.0.1:{port}/") as line:
        assert (await line.heard(ev.LinkLost)).fault is Fault.NETWORK


SETS_NOTHING_UP = "the service answers pings, but not the setup"


@on_loop
async def test_a_handshake_that_is_not_answered_ends(monkeypatch):
    monkeypatch.setattr(connect, "OPEN_LIMIT_S", 0.2)
    async with Rude(upgrades=False) as rude, Line(rude.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.NETWORK
        assert "timed out" in lost.reason


@on_loop
async def test_a_set_up_that_is_not_answered_ends(monkeypatch):
    monkeypatch.setattr(session, "OPEN_LIMIT_S", 0.2)
    async with Rude(sets_up=False) as rude, Line(rude.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(Fault.NETWORK, "nothing answers the setup")


@on_loop
async def test_chatter_without_a_set_up_ends_too(monkeypatch):
    monkeypatch.setattr(session, "OPEN_LIMIT_S", 0.2)

    async def talk(socket):
        await socket.recv()
        while True:
            await socket.send(b"{}")
            await asyncio.sleep(0)

    async with peer(talk) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.reason == SETS_NOTHING_UP


@on_loop
async def test_a_service_that_is_there_and_sets_nothing_up_is_not_the_networks_fault(
    monkeypatch,
):
    monkeypatch.setattr(session, "OPEN_LIMIT_S", 0.2)

    async def talk(socket):
        await socket.recv()
        await socket.wait_closed()

    async with peer(talk) as url, Line(url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(Fault.REFUSED, SETS_NOTHING_UP)


@on_loop
async def test_a_peer_that_stops_reading_ends_the_link(monkeypatch):
    monkeypatch.setattr(session, "SEND_LIMIT_S", 0.2)
    async with Rude() as rude, Line(rude.url) as line:
        await line.heard(ev.LinkUp)
        rude.reads.clear()
        for _ in range(400):
            line.link.send(SendAudio(bytes(65536)))
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(Fault.NETWORK, "nothing can be sent any more")
        rude.reads.set()
        await line.heard(ev.LinkUp, times=2)


@on_loop
async def test_a_turn_counts_as_sent_when_the_network_has_taken_all_of_it():
    async with Rude() as rude, Line(rude.url) as line:
        await line.heard(ev.LinkUp)
        rude.reads.clear()
        for _ in range(400):
            line.link.send(SendAudio(bytes(65536)))
        line.link.send(CloseTurn(1))
        await settled()
        assert ev.OrderTaken(CloseTurn(1)) not in line.all(ev.OrderTaken)
        rude.reads.set()
        await line.heard(ev.OrderTaken, times=401)
        assert line.all(ev.OrderTaken)[-1] == ev.OrderTaken(CloseTurn(1))


@on_loop
async def test_tcp_gives_up_on_a_peer_that_acknowledges_nothing_and_hoards_nothing():
    async with Rude() as rude:
        connection = await connect.connect(rude.url, None)
        tcp = connection.transport.get_extra_info("socket")
        option = partial(tcp.getsockopt, socket.IPPROTO_TCP)
        assert option(socket.TCP_USER_TIMEOUT) == connect.SEND_LIMIT_S * 1000
        assert option(socket.TCP_NOTSENT_LOWAT) == connect._UNSENT_BYTES
        await connection.close()


@on_loop
async def test_a_peer_that_answers_no_ping_ends_the_link(monkeypatch):
    assert session.SILENCE_LIMIT_S >= 60
    monkeypatch.setattr(session, "SILENCE_LIMIT_S", 0.1)
    async with Rude() as rude, Line(rude.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost == ev.LinkLost(None, "1011 keepalive ping timeout")


@on_loop
async def test_late_pongs_are_forgiven(monkeypatch):
    monkeypatch.setattr(connect, "_PING_INTERVAL_S", 0.02)
    late = Scenario(setup_delay_ms=0, answer_delay_ms=500, pong_delay_s=0.3)
    async with LiveServer(late) as server, Line(server.url) as line:
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        assert not line.all(ev.LinkLost)


def tls(certificate_file, key_file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context


@on_loop
async def test_a_certificate_is_accepted_if_its_issuer_is_trusted(
    tmp_path, monkeypatch
):
    own, key = certificate(tmp_path, host="IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    server = LiveServer(QUICK, tls=tls(own, key), api_key=KEY)
    async with server, Line(server.url) as line:
        assert server.url.startswith("wss:")
        await line.heard(ev.LinkUp)
        line.say()
        await line.heard(ev.AnswerEnded)
        await server.inject(Garbage())
        await line.heard(ev.LinkUp, times=2)
        line.link.close()
        await line.link.closed()
        await server.wait_for(lambda server: not server.open_links)
        assert server.wire(2)[-1] == "> close 1000"


@on_loop
async def test_a_certificate_of_an_unknown_issuer_is_refused(tmp_path):
    server = LiveServer(QUICK, tls=tls(*certificate(tmp_path, host="IP:127.0.0.1")))
    async with server, Line(server.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.NETWORK
        assert lost.reason.startswith("the certificate is not accepted (self")
        assert server.connections == 0


@on_loop
async def test_nothing_is_hoarded_under_tls_either(tmp_path, monkeypatch):
    own, key = certificate(tmp_path, host="IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    async with LiveServer(QUICK, tls=tls(own, key)) as server:
        connection = await connect.connect(server.url, None)
        carrier = connect._carrier(connection.transport)
        assert carrier is not connection.transport
        for transport in (carrier, connection.transport):
            assert transport.get_write_buffer_limits()[1] == connect._UNSENT_BYTES
        await connection.close()


@on_loop
async def test_a_certificate_of_another_host_is_refused(tmp_path, monkeypatch):
    own, key = certificate(tmp_path, host="IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    server = LiveServer(QUICK, tls=tls(own, key))
    async with server, Line(server.url.replace("127.0.0.1", "localhost")) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.NETWORK
        assert "localhost" in lost.reason


@on_loop
async def test_a_certificate_that_is_not_yet_valid_means_that_the_clock_is_wrong(
    tmp_path, monkeypatch
):
    own, key = certificate(tmp_path, host="IP:127.0.0.1", starts="20980101000000Z")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    server = LiveServer(QUICK, tls=tls(own, key))
    async with server, Line(server.url) as line:
        lost = await line.heard(ev.LinkLost)
        assert lost.fault is Fault.CLOCK
        assert "not yet valid" in lost.reason


@on_loop
async def test_tls_where_there_is_none_is_no_network():
    server = LiveServer(QUICK)
    async with server, Line(server.url.replace("ws:", "wss:")) as line:
        assert (await line.heard(ev.LinkLost)).fault is Fault.NETWORK
