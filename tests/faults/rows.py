# SPDX-License-Identifier: MIT
"""The rows of the matrix: every fault there is."""

from appliance.core.signals import Signal
from appliance.simulator import scenario as sc
from tests.faults.closes import CLOSE_ROWS
from tests.faults.promise import Kind
from tests.faults.row import (
    Row,
    answered_by,
    away,
    broken_card,
    card,
    inside,
    network,
    never_set_up,
    scenario,
    service,
)
from tests.faults.stage import Stage
from tests.rig.black_hole import BlackHole
from tests.rig.manners import HalfOpen, Pass, Refuse, Slow

_MIB = 2**20


async def _reset(stage: Stage) -> None:
    stage.network.reset()


async def _freeze(stage: Stage) -> None:
    stage.network.freeze()


async def _no_names(stage: Stage) -> None:
    stage.box.command("no-names")
    stage.network.reset()


async def _untrusted(stage: Stage) -> None:
    stage.network.tls = stage.certificates.untrusted
    stage.network.reset()


async def _too_early(stage: Stage) -> None:
    stage.network.tls = stage.certificates.early
    stage.network.reset()


async def _ipv6_leads_nowhere(stage: Stage) -> None:
    stage.black_hole = BlackHole(stage.network.port)
    stage.box.command("ipv6-first")
    stage.network.reset()


async def _ipv6_is_gone(stage: Stage) -> None:
    assert stage.black_hole
    stage.box.command("names")
    stage.black_hole.close()


async def _good_certificate(stage: Stage) -> None:
    stage.network.tls = stage.certificates.good


LINK_ROWS = (
    Row("nothing", Kind.UNNOTICED),
    Row("TCP reset", Kind.LINK_LOST, _reset),
    Row("half-open", Kind.LINK_DEAF, _freeze),
    Row(
        *("silent network 6 s", Kind.LINK_DEAF),
        *(network(HalfOpen()), network(Pass())),
        lasts_s=6.0,
    ),
    Row("go-away 50 s", Kind.LINK_RENEWED, service(sc.GoAway(time_left_s=50.0))),
    Row("go-away 1 s", Kind.LINK_CUT_SHORT, service(sc.GoAway(time_left_s=1.0))),
    Row(
        *("pong 30 s late", Kind.LINK_STRAINED),
        # The first ping is sent at 20 s: a deadline of 20 s would strike at 40 s.
        link_age_s=38.5,
        scenario=scenario(pong_delay_s=30.0),
    ),
    Row(
        *("slow uplink 8 kB/s", Kind.UNNOTICED),
        *(network(Slow(8_000)), network(Pass())),
        changes={"turns": {"answer_limit_s": 10.0, "delivery_limit_s": 30.0}},
        hold_s=2.0,
    ),
    Row(
        *("slow uplink 8 kB/s, TLS", Kind.UNNOTICED),
        *(network(Slow(8_000)), network(Pass())),
        changes={"turns": {"answer_limit_s": 10.0, "delivery_limit_s": 30.0}},
        hold_s=2.0,
        tls=True,
    ),
    away("DNS failure", _no_names, inside("names")),
    away("connection refused", network(Refuse()), network(Pass())),
    Row(
        *("refused for long", Kind.LONG_AWAY, network(Refuse()), network(Pass())),
        *(19.0, Signal.NETWORK),
    ),
    answered_by(502, Signal.NETWORK),
    answered_by(403, Signal.NETWORK),
    answered_by(429, Signal.QUOTA),
    away("TLS: untrusted", _untrusted, _good_certificate, tls=True),
    away(
        *("TLS: not yet valid", _too_early, _good_certificate),
        tls=True,
        signal=Signal.CLOCK,
    ),
    Row("IPv6 black hole", Kind.LINK_LOST, _ipv6_leads_nowhere, _ipv6_is_gone),
    Row(
        *("go-away on every link", Kind.LINK_RENEWED),
        scenario=scenario(faults=(sc.GoAway(at="setup_complete", repeat=True),)),
    ),
    Row("error object", Kind.LINK_LOST, service(sc.Error())),
    never_set_up(),
    Row("garbage frame", Kind.LINK_LOST, service(sc.Garbage())),
    Row(
        *("2 MiB frame", Kind.LINK_STRAINED),
        service(sc.Oversized(size_bytes=2 * _MIB)),
    ),
    Row("17 MiB frame", Kind.LINK_LOST, service(sc.Oversized(size_bytes=17 * _MIB))),
)

_LATE = scenario(answer_speed=1.0, interrupt_delay_ms=2500)

ANSWER_ROWS = (
    Row(
        *("silent turn", Kind.NEVER_ANSWERED),
        other=scenario(answer="none"),
        astray=True,
    ),
    Row("empty turn", Kind.EMPTY_ANSWER, service(sc.SilentTurn())),
    Row(
        *("stall mid-answer", Kind.ANSWER_STALLS, service(sc.Slow(speed=0.01))),
        # A piece each 4 s: each would begin the wait anew.
        changes={"turns": {"answer_limit_s": 3.0}},
    ),
    Row("spurious interrupted", Kind.INTERRUPTED, service(sc.Interrupt())),
    Row(
        *("late audio", Kind.LATE_AUDIO),
        scenario=_LATE,
        talks_over=True,
    ),
    Row("IN_PROGRESS", Kind.FILLER, scenario=scenario(thinking_ms=2000)),
    Row(
        *("late transcript and usage", Kind.UNNOTICED),
        changes={"log": {"transcripts": True}},
        scenario=scenario(late_words=True),
    ),
)

DEVICE_ROWS = (
    broken_card("microphone", "stall", 3.0),
    broken_card("microphone", "gone", 8.0),
    Row("microphone xrun", Kind.MICROPHONE_XRUN, card("microphone", "xrun")),
    broken_card("speaker", "stall", 3.0),
    broken_card("speaker", "gone", 8.0),
    Row(
        *("speaker opens late", Kind.SPEAKER_LATE),
        prepare=card("speaker", "late"),
        mend=card("speaker", None),
        changes={"speaker": {"cut": "restart"}},
        scenario=_LATE,
        talks_over=True,
    ),
    Row("speaker xrun", Kind.SPEAKER_XRUN, card("speaker", "xrun")),
    # It mends itself; until then nobody is told anything.
    Row("loop blocked 3 s", Kind.LOOP_BLOCKED, inside("block 3"), lasts_s=3.0),
)

ROWS: tuple[Row, ...] = (*LINK_ROWS, *CLOSE_ROWS, *ANSWER_ROWS, *DEVICE_ROWS)
