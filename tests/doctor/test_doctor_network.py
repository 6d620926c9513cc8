# SPDX-License-Identifier: MIT
"""Name server, TLS, key, model, answer: against the simulated service."""

import http.client
import json
import socket
import ssl
import threading
import time

import pytest

from appliance.config.endpoint import KeyMissing
from appliance.core.signals import LINK_FAULTS, Fault, Signal
from appliance.doctor import answer, models, network
from appliance.doctor.credential import KeyHidden, find_key
from appliance.doctor.machine import Machine, Ran
from appliance.doctor.report import examine
from appliance.doctor.result import LINK_MENDS
from appliance.live.close_codes import Classification, Next, SessionEnd
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Close, Drop, Scenario, Stall
from tests.doctor.fixture import CONFIG, FAIL, OK, SKIP, box, examined, plant
from tests.rig.certificates import certificate
from tests.rig.waiting import in_loop

KEY = "AQ.a-key-that-nobody-may-see"
QUICK = Scenario(
    setup_delay_ms=0, answer_delay_ms=10, answer_speed=0, waits_for_playback=False
)


@pytest.fixture(autouse=True)
def _this_environment(monkeypatch):
    for name in ("https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def at(url: str, answer_limit_s: float = 10.0, **options):
    """A box whose endpoint is `url`."""
    live = CONFIG.live.changed(endpoint=url, **options)
    turns = CONFIG.turns.changed(answer_limit_s=answer_limit_s)
    return box(config=CONFIG.changed(live=live, turns=turns))


@pytest.fixture
def secure(tmp_path_factory, monkeypatch):
    """A simulator behind TLS that this process trusts."""

    def serve(
        starts="20200101000000Z", ends="20990101000000Z", trusted=True, **options
    ):
        folder = tmp_path_factory.mktemp("tls")
        cert, key = certificate(folder, starts=starts, ends=ends)
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return LiveServer(QUICK, host="localhost", tls=context, **options)

    return serve


def test_the_server_is_read_from_the_endpoint():
    assert network.server_of("wss://x.org/ws") == network.Server("x.org", 443, True)
    assert network.server_of("wss://x.org:8443") == network.Server("x.org", 8443, True)
    assert network.server_of("ws://[::1]:80/") == network.Server("::1", 80, False)


def test_a_name_is_resolved():
    found = examined(network.examine_dns, at("wss://localhost:1/"))
    assert found.verdict is OK
    assert found.text.startswith("localhost is ")


def test_a_name_that_nobody_knows_is_no_network():
    found = examined(network.examine_dns, at("wss://no-such-host.invalid/"))
    assert (found.verdict, found.signal) == (FAIL, Signal.NETWORK)
    assert "cannot be resolved" in found.text


def test_a_silent_name_server_is_given_up(monkeypatch):
    ends = threading.Event()
    monkeypatch.setattr(network, "_LIMIT_S", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ends.wait())
    found = examined(network.examine_dns, at("wss://slow.example/"))
    ends.set()
    assert (found.verdict, found.signal) == (FAIL, Signal.NETWORK)
    assert found.text == "slow.example: the name server does not answer"


@in_loop
async def test_tls_is_shaken_hands_with_a_trusted_server(secure):
    async with secure() as server:
        found = await network.examine_tls(at(server.url))
    assert found.verdict is OK, found
    assert found.figures["version"] == "TLSv1.3"
    assert found.figures["days"] > 365


@pytest.mark.parametrize(
    ("options", "signal", "text"),
    [
        ({"starts": "20980101000000Z"}, Signal.CLOCK, "not yet valid"),
        ({"ends": "20210101000000Z"}, Signal.CLOCK, "expired"),
        ({"trusted": False}, Signal.NETWORK, "self"),
    ],
)
@in_loop
async def test_a_certificate_that_is_not_accepted_fails(secure, options, signal, text):
    async with secure(**options) as server:
        found = await network.examine_tls(at(server.url))
    assert (found.verdict, found.signal) == (FAIL, signal)
    assert text in found.text


@in_loop
async def test_a_certificate_that_is_not_trusted_is_told_once(secure, capsys):
    async with secure(trusted=False) as server:
        await examine(at(server.url), {"tls", "key", "model", "answer"}, as_json=True)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in said] == [FAIL, SKIP, SKIP, SKIP]
    assert said[0]["mend"].startswith("sudo apt install --reinstall ca-certificates")
    assert all(line["text"].startswith("as TLS failed: ") for line in said[1:])
    assert {line["signal"] for line in said} == {"no-network"}


@pytest.mark.parametrize("examine", [network.examine_tls, models.examine_key])
def test_a_port_where_nobody_listens_is_no_network(examine):
    found = examined(examine, at("wss://127.0.0.1:9/"))
    assert (found.verdict, found.signal) == (FAIL, Signal.NETWORK)
    assert "refused" in found.text


def test_without_tls_there_is_none_to_test():
    assert examined(network.examine_tls, at("ws://127.0.0.1:9/")).verdict is SKIP


@pytest.mark.parametrize(
    "examine",
    [
        network.examine_dns,
        network.examine_tls,
        models.examine_key,
        models.examine_model,
    ],
)
def test_behind_a_proxy_only_the_answer_counts(examine):
    context = at("wss://127.0.0.1:9/", proxy="http://127.0.0.1:9")
    found = examined(examine, context)
    assert found.verdict is SKIP
    assert "[live] proxy" in found.text


@in_loop
async def test_key_and_model_are_accepted_over_tls(secure):
    async with secure(api_key=KEY) as server:
        key = await models.examine_key(at(server.url))
        model = await models.examine_model(at(server.url))
    assert (key.verdict, key.text) == (OK, "the service accepts the key")
    assert (model.verdict, model.text) == (
        OK,
        "models/gemini-3.8-live is there, one of 2 live models",
    )


@in_loop
async def test_a_wrong_key_is_rejected_and_not_shown():
    async with LiveServer(QUICK, api_key="right") as server:
        for found in (
            await models.examine_key(at(server.url)),
            await answer.examine_answer(at(server.url)),
        ):
            assert (found.verdict, found.signal) == (FAIL, Signal.KEY)
            assert "API key not valid" in found.text
            assert KEY not in repr(found)
        assert (await models.examine_model(at(server.url))).verdict is SKIP


@pytest.mark.parametrize(
    "model", ["models/gemini-2.0-flash-exp", "models/gemini-embedding-001"]
)
@in_loop
async def test_a_model_that_cannot_be_talked_to_is_refused(model):
    async with LiveServer(QUICK) as server:
        for examine in (models.examine_model, answer.examine_answer):
            found = await examine(at(server.url, model=model))
            assert (found.verdict, found.signal) == (FAIL, Signal.REFUSED)
        found = await models.examine_model(at(server.url, model=model))
        assert "live models: models/gemini-3.8-live" in found.text


@pytest.mark.parametrize(
    ("status", "message", "signal"),
    [
        (400, "API key expired. Please renew the API key.", Signal.KEY),
        (400, "User location is not supported for the API use.", Signal.REFUSED),
        (401, "", Signal.KEY),
        (403, "Method doesn't allow unregistered callers", Signal.KEY),
        (429, "You exceeded your current quota", Signal.QUOTA),
        (429, "", Signal.QUOTA),
        (503, "The service is currently unavailable.", Signal.NETWORK),
        (302, "", Signal.NETWORK),
    ],
)
def test_each_refusal_of_the_list_is_shown_as_the_box_would(status, message, signal):
    body = {"error": {"code": status, "message": message}} if message else {}
    found = models.judge_key(models.Reply(status, body))
    assert (found.verdict, found.signal) == (FAIL, signal)


def test_an_endpoint_without_a_list_says_nothing_about_the_key():
    assert models.judge_key(models.Reply(404, {})).verdict is SKIP


@in_loop
async def test_what_does_not_speak_http_is_no_network_and_asked_once():
    def babble() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"SSH-2.0-OpenSSH_10.0\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        babbling = threading.Thread(target=babble)
        babbling.start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        context = at(url)
        found = await models.examine_key(context)
        babbling.join()
    assert (found.verdict, found.signal) == (FAIL, Signal.NETWORK)
    assert found.text.endswith("no HTTP (BadStatusLine)")
    assert await models.examine_model(context) == found


@in_loop
async def test_a_redirect_does_not_get_the_key():
    requests = []

    def redirect() -> None:
        connection, _ = listener.accept()
        with connection:
            requests.append(connection.recv(1 << 16))
            connection.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n"
                b"Content-Length: 0\r\n\r\n"
            )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=redirect)
        answering.start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        found = await models.examine_key(at(url))
        answering.join()
    assert found.figures["status"] == http.client.FOUND
    line, _, headers = requests[0].decode().partition("\r\n")
    assert line == "GET /v1beta/models?pageSize=1000 HTTP/1.1"
    assert f"x-goog-api-key: {KEY}" in headers


@in_loop
async def test_a_question_is_answered_with_its_latency(secure):
    async with secure(api_key=KEY) as server:
        found = await answer.examine_answer(at(server.url))
        assert found.verdict is OK, found
        assert found.figures["latency_ms"] >= 0
        assert found.figures["answer_s"] == pytest.approx(3.4, abs=0.2)
        await server.wait_for(lambda server: not server.open_links)
        assert server.wire()[-1] == "> close 1000"
        assert len(server.turns) == 1


@pytest.mark.parametrize(
    ("scenario", "signal"),
    [
        ({"answer": "silent"}, Signal.NO_ANSWER),
        ({"faults": (Drop(at="turn_closed"),)}, Signal.LOST),
        (
            {"faults": (Close(at="turn_closed", reason="RESOURCE_EXHAUSTED"),)},
            Signal.QUOTA,
        ),
        ({"faults": (Drop(at="setup"),)}, Signal.NETWORK),
    ],
)
@in_loop
async def test_a_question_that_is_not_answered_fails(scenario, signal):
    settings = {"setup_delay_ms": 0, "answer_delay_ms": 10, **scenario}
    async with LiveServer(Scenario(**settings)) as server:
        found = await answer.examine_answer(at(server.url))
    assert (found.verdict, found.signal) == (FAIL, signal), found
    assert found.mend


@in_loop
async def test_a_service_that_says_nothing_is_given_up(monkeypatch):
    async with LiveServer(Scenario(answer="none")) as server:
        found = await answer.examine_answer(at(server.url, answer_limit_s=0.1))
        assert (found.verdict, found.signal) == (FAIL, Signal.NO_ANSWER)
    monkeypatch.setattr(answer, "_OPEN_LIMIT_S", 0.1)
    async with LiveServer(Scenario(faults=(Stall(at="setup"),))) as server:
        found = await answer.examine_answer(at(server.url))
        assert (found.verdict, found.signal) == (FAIL, Signal.NETWORK)


def test_a_certificate_from_the_future_is_the_clock_of_the_answer_too():
    loss = SessionEnd(Classification(Next.RETRY, Fault.CLOCK), "not yet valid")
    found = answer.judge_answer(answer.RoundTrip(0.0, loss=loss), 10.0)
    assert found.signal is Signal.CLOCK


def test_every_fault_of_the_link_has_its_mending():
    assert LINK_MENDS.keys() == LINK_FAULTS


PLAIN = "etc/credstore/gemini-api-key-plain"


def test_the_key_is_found_where_the_service_gets_it_from(tmp_path, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    machine = Machine(plant(tmp_path, {PLAIN: "AQ.first\n"}))
    assert find_key(machine).reveal() == "AQ.first"
    running = "run/credentials/voice-appliance.service/gemini-api-key"
    plant(tmp_path, {running: "AQ.second\n"})
    assert find_key(machine).reveal() == "AQ.second"


def test_a_sealed_key_is_opened_by_systemd(tmp_path, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    root = plant(tmp_path, {"etc/credstore.encrypted/gemini-api-key": "sealed"})
    said = {"systemd-creds": Ran(0, b"AQ.opened\n")}
    machine = Machine(root, lambda command: said.get(command[0]))
    assert find_key(machine).reveal() == "AQ.opened"
    said["systemd-creds"] = Ran(1, b"", "Permission denied")
    with pytest.raises(KeyHidden):
        find_key(machine)


def test_a_key_for_root_only_is_skipped_for_others(tmp_path, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    (tmp_path / PLAIN).mkdir(parents=True)  # nobody can read a folder, root neither
    context = box(tmp_path)
    for check in (models.examine_key, models.examine_model, answer.examine_answer):
        found = examined(check, context)
        assert (found.verdict, found.mend) == (SKIP, "sudo voice-appliance doctor")


def test_a_missing_key_fails_as_the_box_shows_it(tmp_path, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    with pytest.raises(KeyMissing):
        find_key(Machine(tmp_path))
    for check in (models.examine_key, models.examine_model, answer.examine_answer):
        found = examined(check, box(tmp_path))
        assert (found.verdict, found.signal) == (FAIL, Signal.KEY)


def test_the_times_of_a_round_trip_are_milliseconds():
    trip = answer.RoundTrip(100.0, 100.25, 101.0, 101.75, answer_s=2.5, ended=True)
    found = answer.judge_answer(trip, 10.0)
    assert found.figures == {"up_ms": 250, "latency_ms": 750, "answer_s": 2.5}
    assert found.text == (
        "answered 750 ms after the question, 2.5 s of speech (link up in 250 ms)"
    )


def test_a_certificate_is_good_for_days():
    now = 1.8e9
    found = network.judge_tls("host", "TLSv1.3", 12, now + 90.5 * 86_400, now)
    assert found.figures == {"version": "TLSv1.3", "took_ms": 12, "days": 90}
    assert found.text == "TLSv1.3 with host, certificate good for 90 days (12 ms)"


def test_a_slow_name_server_is_told_in_milliseconds(monkeypatch):
    def slow(*_, **__):
        time.sleep(0.2)
        return [(0, 0, 0, "", ("192.0.2.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    found = examined(network.examine_dns, at("wss://slow.example/"))
    assert found.figures["addresses"] == 1
    assert 200 <= found.figures["took_ms"] < 10_000
