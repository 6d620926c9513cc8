# SPDX-License-Identifier: MIT
"""The outbox knows what the network has not taken, and how long it has not."""

import pytest

from appliance.core.effects import CloseTurn, OpenTurn, SendAudio
from appliance.core.errors import Impossible
from appliance.core.outbox import Outbox, fitting

HALF_S = bytes(16_000)


def test_there_is_room_for_a_second_of_audio_and_more_once_some_is_taken():
    outbox = Outbox().order(OpenTurn(1), 0.0).order(SendAudio(HALF_S), 0.0)
    assert outbox.room_s == 0.5
    assert fitting((HALF_S,) * 3, outbox.room_s) == (HALF_S,)
    taken = outbox.take(OpenTurn(1), 1.0).take(SendAudio(HALF_S), 2.0)
    assert taken.room_s == 1.0
    assert fitting((HALF_S,) * 3, taken.room_s) == (HALF_S,) * 2


def test_a_line_stands_still_since_it_took_something_or_was_given_something():
    outbox = Outbox().order(OpenTurn(1), 5.0).order(CloseTurn(1), 6.0)
    assert outbox.moved_at == 5.0
    moved = outbox.take(OpenTurn(1), 7.0)
    assert moved.moved_at == 7.0
    assert moved.take(CloseTurn(1), 8.0).order(OpenTurn(2), 20.0).moved_at == 20.0


def test_what_was_not_ordered_cannot_be_taken():
    outbox = Outbox().order(OpenTurn(1), 0.0).order(SendAudio(HALF_S), 0.0)
    text = r"SendAudio was taken; ordered: \['OpenTurn', 'SendAudio'\]"
    with pytest.raises(Impossible, match=text):
        outbox.take(SendAudio(HALF_S), 1.0)
