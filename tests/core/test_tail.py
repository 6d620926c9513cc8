# SPDX-License-Identifier: MIT
"""The end of a turn: with the voice, not with the clock."""

from array import array

import pytest

from appliance.core import tail
from appliance.core.conversation import State
from appliance.core.events import PeriodCaptured
from tests.core.box import PERIOD_FRAMES, Box


def sound(peak: int, frames: int = PERIOD_FRAMES, offset: int = 0) -> bytes:
    """Every other pair of frames is up."""
    wave = (offset + (peak if n & 2 else -peak) for n in range(frames))
    return array("h", wave).tobytes()


ROOM, VOICE, SOFT = sound(20), sound(6000), sound(1500)
#: The voice, and the pause in which a hold begins.
SPOKEN = (ROOM, ROOM, *[VOICE] * 8)


class Hold:
    """What a hold of the button hears, period after period."""

    def __init__(self, *before: bytes, into_ms: float = 40, **limits: float) -> None:
        self.box = Box(**{"tail_s": 0.5, "tail_listens": True, **limits})
        self._begun_s = 0.0
        self.box.press()
        self.hear(*before)
        # Within the next period.
        self._begun_s = into_ms / 1000
        self.box.wait(self._begun_s).release()
        self.released_at = self.box.now

    def hear(self, *pieces: bytes) -> "Hold":
        for pcm in pieces:
            self.box.wait(len(pcm) / 32_000 - self._begun_s)
            self._begun_s = 0.0
            self.box.tell(PeriodCaptured(pcm, self.box.now))
        return self

    @property
    def over(self) -> bool:
        return self.box.state is State.THINKING

    @property
    def tail_ms(self) -> float:
        said = b"".join(self.box.conversation.utterances[-1].pieces)
        return round(
            1000 * (self.box.pressed_at + len(said) / 32_000 - self.released_at)
        )


def test_turn_of_somebody_who_has_stopped_ends_with_the_period_of_the_release():
    hold = Hold(*SPOKEN, ROOM, ROOM)
    assert not hold.over
    assert hold.hear(ROOM).over
    assert hold.tail_ms == 128 - 40


def test_turn_of_somebody_who_still_speaks_ends_when_he_stops():
    hold = Hold(*SPOKEN)
    assert not hold.hear(VOICE, SOFT).over
    assert hold.hear(ROOM).over
    assert hold.tail_ms == 3 * 128 - 40


def test_pause_in_a_word_does_not_end_it():
    assert not Hold(*SPOKEN, ROOM).hear(ROOM).over
    assert Hold(*SPOKEN, ROOM).hear(ROOM, ROOM).over


def test_tail_has_an_end_to_the_frame():
    hold = Hold(*SPOKEN).hear(*[VOICE] * 4)
    assert not hold.over
    assert hold.hear(VOICE).over
    assert hold.tail_ms == 500


@pytest.mark.parametrize("steady", [ROOM, VOICE, bytes(2 * PERIOD_FRAMES)])
def test_what_is_no_louder_than_the_room_has_a_tail_as_a_fixed_one(steady):
    hold = Hold(*[steady] * 9).hear(steady)
    assert not hold.over
    assert not hold.hear(steady).box.conversation.hold
    assert not Hold(SOFT, *[VOICE] * 8, SOFT, SOFT).hear(SOFT).over


def test_a_radio_in_the_background_ends_it_after_a_fixed_tail():
    radio = [sound(300), sound(20), sound(700)]
    hold = Hold(*SPOKEN, *radio).hear(radio[0])
    assert not hold.over
    assert hold.hear(radio[2]).over


def test_offset_is_no_sound():
    spoken = [sound(peak, offset=900) for peak in (20, *[6000] * 8, 20, 20)]
    assert Hold(*spoken).hear(sound(20, offset=900)).over


def test_release_told_late_ends_the_turn_at_once():
    hold = Hold(*SPOKEN, *[ROOM] * 4, into_ms=0)
    assert hold.over


def test_press_within_the_tail_goes_on_and_its_tail_is_judged_again():
    hold = Hold(*SPOKEN).hear(VOICE)
    hold.box.press()
    hold.hear(*[ROOM] * 5)
    assert not hold.over
    hold.box.release()
    assert hold.over


def test_a_fixed_tail_listens_to_nothing():
    hold = Hold(*SPOKEN, *[ROOM] * 3, tail_s=0.2, tail_listens=False).hear(ROOM)
    assert not hold.over
    assert hold.hear(ROOM).over
    assert hold.tail_ms == 200


def test_hold_cut_short_before_any_of_it_is_heard_has_a_tail():
    box = Box(tail_s=0.5, tail_listens=True).press().wait(0.3).release()
    assert not box.conversation.utterances[-1].pieces
    assert box.wait(2.0).state is not State.LISTENING


@pytest.mark.parametrize(
    ("frames", "blocks"), [(100, 1), (256, 1), (480, 2), (2048, 8), (8192, 32)]
)
def test_block_is_about_16_ms_whatever_the_period_is(frames, blocks):
    assert tail.levels(sound(7, frames)) == (14,) * blocks


def test_of_a_long_hold_some_is_looked_at():
    long = [VOICE] * 470
    assert len(tail.heard(long)) <= 2 * 16 * 8
    assert len(tail.heard(long[:20])) == 20 * 8
