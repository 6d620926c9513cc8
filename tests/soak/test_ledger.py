# SPDX-License-Identifier: MIT
"""The ledger of the soak finds what is lost: else an hour of it would prove nothing."""

from types import SimpleNamespace

import pytest

from appliance.core.earcons import earcon_pcm
from appliance.core.signals import Earcon
from appliance.simulator.live.service import HeardTurn
from tests.rig.box import Life
from tests.rig.waiting import noise
from tests.soak.ledger import Ledger
from tests.soak.user import Hold

SAID, NEXT = noise(32_000, seed=1), noise(32_000, seed=3)
ANSWER = noise(48_000, seed=2)
HOLD = {"pressed_at": 101.0, "released_at": 103.0, "spoken_from": 0, "heard_from": 0}
LISTENING = [(100.0, "STATUS=Idle (turn 4)."), (101.3, "STATUS=Listening (turn 5).")]
THINKING = [*LISTENING, (103.2, "STATUS=Thinking (turn 5).")]


def ledger(journal=(), played=b"", status=LISTENING, answered=True, ended_at=None):
    """Of a box that heard one hold as its turn 5."""
    turn = HeardTurn(1, 1, 101.3)
    turn.hear(SAID)
    turn.say(ANSWER if answered else b"", 104.0)
    card = SimpleNamespace(spoken=lambda since: SAID, heard=lambda since: played)
    box = SimpleNamespace(
        lives=[Life(1, 90.0, ended_at)],
        journal=list(journal),
        notify=SimpleNamespace(messages=list(status)),
    )
    return Ledger(SimpleNamespace(box=box, card=card, turns=lambda since: [turn]))


def test_an_utterance_of_which_nobody_speaks_again_is_lost_silently():
    book = ledger()
    assert book.enter(Hold(1, **HOLD)).startswith("LOST SILENTLY")
    assert len(book.complaints) == 1


def test_an_answer_that_nobody_heard_is_lost_whatever_the_journal_says():
    book = ledger([(105.0, "INFO: turn 5 answered: said 2.0 s")])
    assert book.enter(Hold(1, **HOLD)).startswith("LOST SILENTLY: 0%")


def test_an_answer_to_something_else_is_none():
    book = ledger([(105.0, "INFO: turn 5 answered: said 2.0 s")], ANSWER, (), False)
    assert book.enter(Hold(1, **HOLD)).startswith("LOST SILENTLY")


def test_the_answer_to_what_was_said_next_is_not_taken_for_this_one():
    book = ledger([(105.0, "INFO: turn 5 answered: said 2.0 s")], ANSWER[:-9_600])
    following = HeardTurn(1, 2, 104.5)
    following.hear(NEXT)
    following.say(ANSWER[:-9_600], 105.5)
    book.world.turns = lambda since, first=book.world.turns: [*first(since), following]
    book.world.card.spoken = lambda since: SAID + bytes(9_600) + NEXT
    assert book.enter(Hold(1, **HOLD)) == "answered"
    assert (book.complaints, book.with_a_gap) == ([], 1)


def test_frames_may_be_missing_only_where_the_box_says_so():
    tape = SAID[:20_000] + bytes(640) + SAID[20_000:]
    for line, complaints in (("said 2.0 s", 1), ("said 2.0 s with 1 overrun", 0)):
        book = ledger([(105.0, f"INFO: turn 5 answered: {line}")], ANSWER)
        book.world.card.spoken = lambda since: tape
        assert book.enter(Hold(1, **HOLD)) == "answered"
        assert len(book.complaints) == complaints


def test_a_cut_without_a_press_is_a_loss():
    book = ledger([(105.0, "INFO: turn 5 cut: said 2.0 s")])
    assert book.enter(Hold(1, **HOLD)) == "LOST SILENTLY: cut"
    book = ledger([(105.0, "INFO: turn 5 cut: said 2.0 s")])
    assert book.enter(Hold(1, **HOLD, next_press_at=104.5)) == "cut by the user"


def test_an_answer_heard_twice_is_a_complaint():
    book = ledger([(105.0, "INFO: turn 5 answered: said 2.0 s")], 2 * ANSWER)
    assert book.enter(Hold(1, **HOLD)) == "answered"
    assert "answered twice" in book.complaints[0]


def test_a_turn_without_a_line_is_a_complaint_though_the_user_cut_it():
    book = ledger(status=THINKING)
    assert book.enter(Hold(1, **HOLD, next_press_at=104.5)) == "cut by the user"
    assert "without a line" in book.complaints[0]


@pytest.mark.parametrize(
    ("journal", "played", "told_by_sound"),
    [
        ([(104.0, "WARNING: utterance lost (why). Say it again")], b"", 0),
        ([], earcon_pcm(Earcon.LOST), 1),
    ],
)
def test_a_refusal_counts_if_it_is_told(journal, played, told_by_sound):
    lost = (104.1, "INFO: turn 5 lost: said 2.0 s")
    book = ledger([*journal, lost], played)
    assert book.enter(Hold(1, **HOLD)) == "audibly refused"
    assert book.heard_told == told_by_sound


def test_what_a_restart_took_with_it_is_counted_apart():
    book = ledger(ended_at=104.0)
    assert book.enter(Hold(1, **HOLD)) == "in flight at a restart"
