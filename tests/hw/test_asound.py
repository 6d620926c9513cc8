# SPDX-License-Identifier: MIT
"""hw/asound.conf on a card that insists on 48 kHz, S32_LE, stereo, as I2S does.

The tested file is the real one; only the two hw definitions are the virtual card's.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from appliance.config.file import Config
from appliance.hardware.card import DeviceUnavailable
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.waiting import in_loop, until

ASOUND = Path(__file__).parents[2] / "hw" / "asound.conf"
CARD_HZ, MIC_HZ, SPEAKER_HZ = 48_000, 16_000, 24_000
#: What the file gives a microphone, in dB: ttable.0.0 10.
GAIN_DB = 20.0


@pytest.fixture
def card(make_virtual_card) -> VirtualCard:
    """The default devices of this process are asound.conf's, on a pinned card."""
    card = make_virtual_card(rate_hz=CARD_HZ, channels=2, sample_format="S32_LE")
    file = Path(card.environment["ALSA_CONFIG_PATH"])
    file.write_text(derived(ASOUND.read_text(), file.read_text()))
    return card


def derived(real: str, of_card: str) -> str:
    """`real` with the virtual card's devices in place of those of the box."""
    for stream in ("microphone", "speaker"):
        device = re.search(rf"type vcard {stream} [^}}]*", of_card)
        assert device is not None
        hardware = rf"(pcm\.voicebox_{stream}_card \{{)\s*type hw[^}}]*\}}"
        real, count = re.subn(hardware, rf"\1 {device[0]} }}", real)
        assert count == 1
    return of_card.splitlines()[0] + "\n" + real


def tone(hz: float, rate_hz: int, db: float, seconds: float = 0.6) -> np.ndarray:
    """A sine `db` below full scale, as fractions of it."""
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return 10 ** (db / 20) * np.sin(2 * np.pi * hz * at)


def recorded(card: VirtualCard, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What the box hears of two channels, as fractions of full scale."""
    stereo = np.stack([left, right], axis=1)
    card.say((stereo * (2**31 - 1)).astype("<i4").tobytes())
    frames = len(left) * MIC_HZ // CARD_HZ
    pcm = _run("arecord", "voicebox_microphone", MIC_HZ, "-s", str(frames))
    return np.frombuffer(pcm, "<i2")[frames // 4 : -frames // 4] / 2**15


def played(card: VirtualCard, sound: np.ndarray) -> np.ndarray:
    """What the card gets of mono `sound`, two columns, as fractions of full scale."""
    pcm = (sound * (2**15 - 1)).astype("<i2").tobytes()
    _run("aplay", "voicebox_speaker", SPEAKER_HZ, input=pcm)
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


@in_loop
async def test_without_the_card_the_service_is_told_what_to_check(monkeypatch):
    """The file as it is: no card of that id is here, nor where the overlay failed."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(ASOUND))
    for device in ("default", "voicebox_microphone"):
        with pytest.raises(DeviceUnavailable, match="not there: check its wiring"):
            await AlsaCard().open_capture(device, MIC_HZ, 2048, lambda *_: None)


@in_loop
async def test_the_service_gets_the_periods_it_asks_for(card):
    """By the devices of the default configuration."""
    config, lengths = Config(), []
    sound = AlsaCard()
    microphone = await sound.open_capture(
        config.microphone.device,
        MIC_HZ,
        config.microphone.period_frames,
        lambda pcm, overran: lengths.append(len(pcm)),
    )
    speaker = await sound.open_playback(
        config.speaker.device,
        SPEAKER_HZ,
        config.speaker.period_frames,
        lambda underran: bytes(2 * config.speaker.period_frames),
    )
    await until(lambda: len(lengths) >= 3 and card.starts("speaker"))
    await microphone.close()
    await speaker.close()
    assert set(lengths) == {2 * 2048}
    for stream, period_frames in (("microphone", 3 * 2048), ("speaker", 2 * 960)):
        start = card.starts(stream)[0]
        assert start.frame_s == pytest.approx(1 / CARD_HZ)
        assert start.period_frames == period_frames
        assert start.buffer_frames == 2 * period_frames
