# SPDX-License-Identifier: MIT
"""A slice of `make faults`, and whether its judge can be trusted."""

import asyncio

import pytest

from appliance.core.earcons import earcon_pcm
from appliance.core.signals import Earcon
from tests.faults import hands_free
from tests.faults.bench import play
from tests.faults.promise import Kind, Outcome, Phase, Senseless, promise
from tests.faults.rows import ROWS
from tests.faults.tapes import earcons, played
from tests.rig.waiting import noise

SLICE = [
    ("connection refused", Phase.ASLEEP),
    ("TCP reset", Phase.MID_HOLD),
    ("half-open", Phase.THINKING),
    ("go-away 1 s", Phase.MID_HOLD),
    ("1011 Internal error", Phase.MID_ANSWER),
    ("1007 API key not valid", Phase.IDLE),
    ("microphone stall", Phase.MID_HOLD),
    ("speaker gone", Phase.MID_ANSWER),
    ("loop blocked", Phase.MID_ANSWER),
]


def row(start: str):
    (found,) = [row for row in ROWS if row.name.startswith(start)]
    return found


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """All at once: each mostly waits."""
    places = [(row(name), phase) for name, phase in SLICE]
    found = asyncio.run(play(places, tmp_path_factory.mktemp("faults")))
    return {(cell.row.name, cell.phase): cell for cell in found}


@pytest.mark.parametrize(("name", "phase"), SLICE)
def test_a_fault_ends_as_promised_and_the_next_turn_is_answered(name, phase, cells):
    cell = cells[row(name).name, phase]
    assert not cell.complaints, cell.record


def test_a_go_away_in_mid_talk_hands_free_costs_no_question():
    ((fault, phase, outcome),) = hands_free.run(
        [("go-away 1 s", hands_free.Phase.MID_TALK)], boxes=1
    )
    assert outcome.complaint(fault, phase) == ""


def test_each_fault_has_a_promise_or_a_reason_in_each_phase():
    silent = {outcome for outcome in Outcome if "SILENTLY" in outcome.value}
    assert len(silent) == 3
    for kind in Kind:
        for phase in Phase:
            promised = promise(kind, phase)
            if isinstance(promised, Senseless):
                assert promised.reason
            else:
                assert promised.outcomes
                assert not promised.outcomes & silent


def test_each_fault_has_a_name_of_its_own():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def test_an_answer_is_measured_through_silence_gaps_and_its_end():
    answer, rest = noise(24_000), noise(4_800, seed=2)
    silence = bytes(2 * 2_400)
    whole = played(answer, silence + answer + rest)
    assert (whole.through_s, whole.missing_s, whole.gaps_s) == (1.0, 0.0, 0.0)
    torn = played(answer, answer[:20_000] + silence + answer[20_000:])
    assert torn.gaps_s == pytest.approx(0.1)
    assert torn.through_s == 1.0
    cut = played(answer, answer[:24_000] + silence)
    assert cut.through_s == 0.5
    assert played(answer, silence + answer + answer).begun == 2
    assert played(answer, rest).through_s == 0.0


def test_what_is_left_out_of_an_answer_is_measured():
    answer = noise(24_000)
    holed = played(answer, answer[:19_200] + answer[28_800:])
    assert holed.through_s == 1.0
    assert holed.missing_s == pytest.approx(0.2)


def test_the_sounds_of_two_faults_that_begin_alike_are_told_apart():
    key = earcon_pcm(Earcon.KEY_REJECTED)
    tape = bytes(960) + key[:9600] + bytes(4800) + key[9600:] + bytes(960)
    assert earcons(tape) == [Earcon.KEY_REJECTED]
    tape += earcon_pcm(Earcon.NO_NETWORK) + earcon_pcm(Earcon.LOST)
    assert set(earcons(tape)) == {
        *(Earcon.KEY_REJECTED, Earcon.NO_NETWORK),
        Earcon.LOST,
    }
