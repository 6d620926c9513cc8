# SPDX-License-Identifier: MIT
import itertools

import numpy as np
import pytest

from appliance.basics.pcm import PLAYBACK_RATE_HZ, seconds
from appliance.core.earcons import earcon_pcm
from appliance.core.signals import TABLE, Earcon, Fault, earcon_of

EARCONS = list(Earcon)
WINDOW = PLAYBACK_RATE_HZ // 100


def notes(earcon: Earcon) -> int:
    """How many stretches of sound there are between silences."""
    frames = np.abs(np.frombuffer(earcon_pcm(earcon), "<i2").astype(int))
    loud = [
        frames[n : n + WINDOW].max() > 0 for n in range(0, len(frames) - WINDOW, WINDOW)
    ]
    return sum(1 for sounds, _ in itertools.groupby(loud) if sounds)


@pytest.mark.parametrize("earcon", EARCONS)
def test_an_earcon_is_whole_frames_short_and_audible(earcon):
    pcm = earcon_pcm(earcon)
    assert len(pcm) % 2 == 0
    assert 0.1 < seconds(pcm, PLAYBACK_RATE_HZ) < 1.5
    assert np.abs(np.frombuffer(pcm, "<i2")).max() > 8000


@pytest.mark.parametrize("earcon", EARCONS)
def test_an_earcon_does_not_click(earcon):
    frames = np.frombuffer(earcon_pcm(earcon), "<i2").astype(int)
    steps = np.abs(np.diff(frames, prepend=0, append=0))
    # The steepest a full note of 880 Hz at this loudness gets.
    assert steps.max() <= 8192 * 2 * np.pi * 880 / PLAYBACK_RATE_HZ + 1


def test_no_two_earcons_are_alike():
    assert len({earcon_pcm(earcon) for earcon in EARCONS}) == len(EARCONS)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_sounds_as_many_notes_after_its_call_as_it_blinks(fault):
    assert notes(earcon_of(fault)) == 1 + fault.value


def test_every_earcon_belongs_to_a_situation():
    assert {row.earcon for row in TABLE.values()} - {None} == set(Earcon) - {Earcon.NEW}
