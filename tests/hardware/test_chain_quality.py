# SPDX-License-Identifier: MIT
"""The chain that the service makes for an I2S pair: 48 kHz, S32_LE, stereo."""

import asyncio
import os
import subprocess

import numpy as np
import pytest

from appliance.hardware.card import Choice
from appliance.hardware.pcm_chain import PCM_NAMES
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_card import VirtualCard
from appliance.simulator.virtual_machine import Form

CARD_HZ, MIC_HZ, SPEAKER_HZ = 48_000, 16_000, 24_000
I2S = Form(CARD_HZ, 2, "S32_LE")
#: What a bare microphone is given.
GAIN_DB = 20.0


@pytest.fixture
def card(machine) -> VirtualCard:
    """The pair, with its chains in this process's configuration of ALSA."""
    card = machine.plug_in("voicebox", microphone=I2S, speaker=I2S, driver="simple")
    sound = AlsaCard(machine.proc)

    async def select() -> None:
        await sound.select("capture", Choice())
        await sound.select("playback", Choice())

    asyncio.run(select())
    card.kept = sound  # Its configuration goes with it.
    return card


def tone(hz: float, rate_hz: int, db: float, seconds: float = 0.6) -> np.ndarray:
    """A sine `db` below full scale, as fractions of it."""
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return 10 ** (db / 20) * np.sin(2 * np.pi * hz * at)


def recorded(card: VirtualCard, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What the box hears of two channels, as fractions of full scale."""
    stereo = np.stack([left, right], axis=1)
    card.say((stereo * (2**31 - 1)).astype("<i4").tobytes())
    frames = len(left) * MIC_HZ // CARD_HZ
    pcm = _run("arecord", PCM_NAMES["capture"], MIC_HZ, "-s", str(frames))
    return np.frombuffer(pcm, "<i2")[frames // 4 : -frames // 4] / 2**15


def played(card: VirtualCard, sound: np.ndarray) -> np.ndarray:
    """What the card gets of mono `sound`, two columns, as fractions of full scale."""
    pcm = (sound * (2**15 - 1)).astype("<i2").tobytes()
    _run("aplay", PCM_NAMES["playback"], SPEAKER_HZ, input=pcm)
    heard = np.frombuffer(card.heard(), "<i4").reshape(-1, 2) / 2**31
    frames = len(sound) * CARD_HZ // SPEAKER_HZ
    return heard[frames // 4 : frames * 3 // 4]


def _run(program: str, device: str, rate_hz: int, *options: str, **more) -> bytes:
    command = [program, "-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1"]
    return subprocess.run(
        [*command, "-r", str(rate_hz), *options],
        env=dict(os.environ),
        check=True,
        capture_output=True,
        timeout=60,
        **more,
    ).stdout


def level_db(sound: np.ndarray) -> float:
    """RMS against that of a sine of full scale."""
    return 20 * np.log10(np.sqrt(2) * sound.std() + 1e-12)


def snr_db(sound: np.ndarray, hz: float, rate_hz: int) -> float:
    """The sine of `hz` against everything else, DC aside."""
    at = 2 * np.pi * hz * np.arange(len(sound)) / rate_hz
    parts = np.stack([np.sin(at), np.cos(at), np.ones(len(sound))], axis=1)
    fit = parts @ np.linalg.lstsq(parts, sound, rcond=None)[0]
    return level_db(fit) - level_db(sound - fit)


@pytest.mark.parametrize("hz", [300, 1000, 3000, 6000])
def test_a_voice_comes_in_clean_and_with_its_gain(card, hz):
    heard = recorded(card, tone(hz, CARD_HZ, -26), np.zeros(int(0.6 * CARD_HZ)))
    assert level_db(heard) == pytest.approx(-26 + GAIN_DB, abs=0.3)
    assert snr_db(heard, hz, MIC_HZ) > 75


@pytest.mark.parametrize("hz", [9000, 10_000, 13_000, 15_000])
def test_what_16_khz_cannot_hold_does_not_fold_into_the_voice(card, hz):
    """alsa-lib's own converter, without libasound2-plugins, lets it all through."""
    heard = recorded(card, tone(hz, CARD_HZ, -26), np.zeros(int(0.6 * CARD_HZ)))
    assert level_db(heard) < -26 + GAIN_DB - 75


def test_the_channel_without_a_microphone_is_not_heard(card):
    silence = np.zeros(int(0.6 * CARD_HZ))
    heard = recorded(card, silence, tone(1000, CARD_HZ, -26))
    assert not heard.any()


def test_a_whisper_is_amplified_before_it_is_rounded(card):
    """-90 dB is one step of 16 bits: rounded first, it would be nothing but noise."""
    heard = recorded(card, tone(1000, CARD_HZ, -90), np.zeros(int(0.6 * CARD_HZ)))
    assert level_db(heard) == pytest.approx(-90 + GAIN_DB, abs=1)
    assert snr_db(heard, 1000, MIC_HZ) > 15


def test_a_shout_is_clipped_and_does_not_wrap_round(card):
    shout = np.full(int(0.6 * CARD_HZ), 0.9)
    heard = recorded(card, shout, np.zeros(len(shout)))
    assert heard.min() > 0.99


@pytest.mark.parametrize("hz", [300, 1000, 3000, 6000, 10_000])
def test_an_answer_goes_out_clean_on_both_channels(card, hz):
    left, right = played(card, tone(hz, SPEAKER_HZ, -6)).T
    assert np.array_equal(left, right)
    assert level_db(left) == pytest.approx(-6, abs=1.5)
    assert snr_db(left, hz, CARD_HZ) > 75
