# SPDX-License-Identifier: MIT
"""Rates, microphone and speaker: judgements, and the real thing on a virtual card."""

from functools import partial

import numpy as np
import pytest

from appliance.basics.pcm import melody
from appliance.core.signals import Signal
from appliance.doctor import microphone, rates, recording, speaker
from appliance.doctor.levels import Echo, Level, echo, level
from appliance.doctor.machine import TIMED_OUT
from appliance.hardware.selection import Selected
from tests.doctor.fixture import CONFIG, FAIL, OK, SKIP, Room, box, examined

STEREO = {"rate_hz": 48_000, "channels": 2, "sample_format": "S32_LE"}
NAMED = Selected("microphone", '[microphone] device = "microphone"', None, None)
QUIET = Level(rms_db=-62.0, peak_db=-41.0, dc=0.003, clipped=0.0)
ZERO = Level(rms_db=-120.0, peak_db=-120.0, dc=0.0, clipped=0.0)

#: What arecord -v writes about a card behind `plug`, cut to what counts.
DUMP = """\
Recording raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
Plug PCM: Rate conversion PCM (48000, sformat=S16_LE)
Converter: {converter}
Protocol version: 10003
Its setup is:
  stream       : CAPTURE
  format       : S16_LE
  channels     : 1
  rate         : 16000
  exact rate   : 16000 (16000/1)
  buffer_size  : 4096
  period_size  : 2048
Slave: Route conversion PCM (sformat=S32_LE)
  Transformation table:
    0 <- 0
Its setup is:
  format       : S16_LE
  channels     : 1
  rate         : 48000
  buffer_size  : 12288
  period_size  : 6144
Slave: Hardware PCM card 1 'snd_rpi_googlevoicehat_soundcar' device 0 subdevice 0
Its setup is:
  format       : S32_LE
  channels     : 2
  rate         : 48000
  buffer_size  : 12288
  period_size  : 6144
"""


def sound(length_s, rate_hz=16_000, loudness=300.0, channels=1, seed=1):
    """Noise as a quiet room makes it: s16le."""
    frames = int(length_s * rate_hz) * channels
    wave = np.random.default_rng(seed).normal(0.0, loudness, frames)
    return np.clip(wave, -32768, 32767).astype("<i2").tobytes()


def stereo(left: bytes, right: bytes) -> bytes:
    """S32_LE of two channels of s16le."""
    pair = np.stack([np.frombuffer(side, "<i2") for side in (left, right)], axis=1)
    return (pair.astype("<i4") << 16).tobytes()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(recording, "_SETTLE_S", 0.1)
    monkeypatch.setattr(recording, "_STALLED_AFTER_S", 1.0)
    monkeypatch.setattr(microphone, "_LISTEN_S", 0.4)
    monkeypatch.setattr(speaker, "_ROOM_S", 0.4)


@pytest.fixture
def room(virtual_card):
    room = Room(virtual_card)
    room.start()
    yield room
    room.end()


def test_a_dump_tells_our_side_the_cards_and_the_converter():
    assert rates.read_dump(DUMP.format(converter="libspeex (external)")) == (
        rates.Granted(
            rate_hz=16_000,
            period_frames=2048,
            buffer_frames=4096,
            card_rate_hz=48_000,
            card_format="S32_LE",
            card_channels=2,
            converter="libspeex (external)",
            hardware="plughw:1,0",
        )
    )
    assert rates.read_dump("arecord: no dump") is None


def test_the_granted_rate_and_period_are_told(make_virtual_card):
    make_virtual_card(**STEREO)
    found = examined(rates.examine_microphone_rate, box())
    assert (found.verdict, found.text) == (
        OK,
        "16000 Hz, periods of 2048 frames, buffer 4096; "
        "at the card 48000 Hz, S32_LE, 2 channel(s)",
    )
    found = examined(rates.examine_speaker_rate, box())
    assert (found.verdict, found.figures["period_frames"]) == (OK, 2400)


def test_a_card_that_cannot_do_the_rate_fails(make_virtual_card, tmp_path, monkeypatch):
    card = make_virtual_card(rate_hz=48_000)
    bare = tmp_path / "bare.conf"
    text = (tmp_path / "card-0" / "asound.conf").read_text()
    bare.write_text(
        text.replace("type plug slave.pcm {", "")
        .replace("} rate_con", "rate_con")
        .replace(' rate_converter "speexrate_medium"', "")
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(bare))
    found = examined(rates.examine_microphone_rate, box())
    assert card
    assert (found.verdict, found.signal) == (FAIL, Signal.MICROPHONE)
    assert "48000" in found.text


def test_periods_of_quite_another_length_fail():
    granted = rates.read_dump(DUMP.format(converter="libspeex (external)"))
    found = rates.judge_rate("microphone", 16_000, 256, granted)
    assert found.verdict is FAIL
    assert ": [microphone] period_frames = 2048; then sudo systemctl" in found.mend


@pytest.mark.parametrize(
    ("part", "tool"), [("microphone", "arecord"), ("speaker", "aplay")]
)
def test_a_card_in_other_hands_is_told_with_who_has_it(virtual_card, part, tool):
    virtual_card.fault(part, "busy")
    found = examined(partial(rates.granted_to, part), box())
    assert found.verdict is FAIL
    assert found.text == f'[{part}] device = "{part}": Device or resource busy'
    assert found.mend == "sudo fuser -v /dev/snd/*"
    assert found.signal is Signal[part.upper()]


def test_a_name_that_alsa_does_not_know_fails(virtual_card):
    config = CONFIG.changed(speaker=CONFIG.speaker.changed(device="kazoo"))
    found = examined(rates.examine_speaker_rate, box(config=config))
    assert found.verdict is FAIL
    assert found.mend.startswith("aplay -L; voice-appliance sound; sudoedit /etc/")


def test_a_card_whose_clock_does_not_run_fails(virtual_card, monkeypatch):
    monkeypatch.setattr("appliance.doctor.machine._LIMIT_S", 1.0)
    virtual_card.fault("microphone", "stall")
    found = examined(rates.examine_microphone_rate, box())
    assert found.verdict is FAIL
    assert found.text.endswith("its clock does not run")


@pytest.mark.parametrize(
    ("complaint", "mend"),
    [
        ("arecord: main:831: audio open error: Permission denied", "sudo voice-app"),
        (
            "arecord: main:831: audio open error: Connection refused",
            "arecord -v -D mic",
        ),
    ],
)
def test_each_refusal_has_its_mending(complaint, mend):
    found = rates.refusal("microphone", NAMED, 1, complaint)
    assert found.text.endswith(complaint.rpartition(": ")[2])
    assert found.mend.startswith(mend)
    assert rates.refusal("speaker", NAMED, TIMED_OUT, "").text.endswith("not run")


def test_without_alsa_utils_the_rates_are_skipped(tmp_path):
    found = examined(rates.examine_microphone_rate, box(tmp_path, commands={}))
    assert (found.verdict, found.mend) == (SKIP, "sudo apt install alsa-utils")


def test_the_rate_converter_of_the_card_is_named(make_virtual_card):
    make_virtual_card(**STEREO)
    found = examined(rates.examine_microphone_rate, box())
    assert (found.verdict, found.figures["converter"]) == (OK, "libspeex (external)")


def test_a_linear_rate_converter_fails(make_virtual_card, tmp_path):
    """As alsa-lib takes one without libasound2-plugins."""
    make_virtual_card(**STEREO)
    conf = tmp_path / "card-0" / "asound.conf"
    conf.write_text(conf.read_text().replace("speexrate_medium", "linear"))
    found = examined(rates.examine_microphone_rate, box())
    assert found.verdict is FAIL
    assert "which aliases" in found.text
    assert 'rate_converter "speexrate_medium"' in found.mend


def test_a_level_is_loudness_peak_offset_and_clipping():
    tone = melody([(1000.0, 1.0)], 16_000)
    assert level(tone).rms_db == pytest.approx(-15.1, abs=0.2)
    assert level(tone).peak_db == pytest.approx(-12.0, abs=0.1)
    assert level(bytes(3200)) == ZERO
    offset = np.full(1000, 8192, "<i2").tobytes()
    assert level(offset).dc == 0.25
    assert level(offset).is_stuck
    assert not level(offset).is_zero
    assert level(sound(1, loudness=20_000)).clipped > 0.05


def test_a_level_is_of_one_channel():
    both = np.array([[0, 100], [0, -100]] * 50, "<i2").tobytes()
    assert level(both, 0, 2).is_zero
    assert not level(both, 1, 2).is_zero


@pytest.mark.parametrize(
    ("heard", "channels", "signal", "text"),
    [
        (ZERO, (), Signal.UNHEARD, "digital silence"),
        (ZERO, (ZERO, ZERO), Signal.UNHEARD, "digital silence"),
        (ZERO, (ZERO, QUIET), Signal.UNHEARD, "the card's right channel sounds"),
        (ZERO, (QUIET, ZERO), Signal.UNHEARD, "the card's left channel sounds"),
        (
            Level(-120, -6, 0.5, 0),
            (),
            Signal.MICROPHONE,
            "stuck at 50.0% of full scale",
        ),
        (Level(-40, -3, 0.4, 0), (), Signal.MICROPHONE, "no room for a loud voice"),
        (Level(-20, 0, 0, 0.02), (), Signal.MICROPHONE, "2.0% of the frames clip"),
        (Level(-4.8, 0, 0, 0), (), Signal.MICROPHONE, "noise at full scale"),
    ],
)
def test_a_microphone_that_does_not_hear_fails(heard, channels, signal, text):
    found = microphone.judge_microphone(heard, channels, NAMED)
    assert (found.verdict, found.signal) == (FAIL, signal)
    assert text in found.text
    assert found.mend


@pytest.mark.parametrize(
    ("dc", "gain_db", "verdict", "words"),
    [
        # Of INMP441s: 2 %, and 20 % after the gain of 20 dB.
        (0.02, 0.0, OK, ""),
        (0.2, 20.0, OK, "DC of 20.0% of full scale, which such microphones have"),
        (0.2, None, OK, "DC of 20.0% of full scale, which such microphones have"),
        (0.2, 0.0, FAIL, "more than any microphone has"),
        (0.4, 20.0, FAIL, "no room for a loud voice"),
    ],
)
def test_an_offset_is_told_from_a_fault_of_the_wiring(dc, gain_db, verdict, words):
    heard = Level(rms_db=-40.0, peak_db=-6.0, dc=dc, clipped=0.0)
    selected = Selected("x", "x", None, gain_db)
    found = microphone.judge_microphone(heard, (), selected)
    assert (found.verdict, words in found.text) == (verdict, True)
    if verdict is FAIL:
        wiring = "data line" in found.mend
        assert wiring or "[microphone] gain_db = 10" in found.mend


def test_a_single_microphone_has_a_dead_channel_which_is_named():
    found = microphone.judge_microphone(QUIET, (QUIET, ZERO), NAMED)
    assert found.verdict is OK
    assert "the right channel is dead" in found.text
    assert microphone.judge_microphone(QUIET, (QUIET, QUIET), NAMED).text == (
        "-62 dB (peak -41 dB)"
    )


def test_a_quiet_room_is_heard(virtual_card):
    virtual_card.say(sound(10, loudness=100))
    found = examined(microphone.examine_microphone, box())
    assert (found.verdict, found.figures["rms_db"]) == (
        OK,
        pytest.approx(-50.3, abs=1.0),
    )


def test_a_dead_channel_of_a_real_stereo_card_is_named(make_virtual_card):
    card = make_virtual_card(**STEREO)
    one = sound(2.6, 48_000)
    card.say(stereo(one, bytes(len(one))))
    found = examined(microphone.examine_microphone, box())
    assert found.verdict is OK
    assert "the right channel is dead" in found.text


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("gone", "it is not there"),
        ("busy", "another program has it"),
        ("stall", "the microphone was opened, but its clock does not run"),
    ],
)
def test_a_microphone_that_cannot_be_had_fails(virtual_card, fault, text):
    virtual_card.fault("microphone", fault)
    found = examined(microphone.examine_microphone, box())
    assert text in found.text
    assert (found.verdict, found.signal) == (FAIL, Signal.MICROPHONE)


def test_two_notes_are_found_in_the_noise_with_their_delay():
    notes = np.frombuffer(melody([(1000, 0.4), (1500, 0.4)], 16_000), "<i2") / 8
    room = np.frombuffer(sound(2.5, loudness=100), "<i2").astype(float)
    begins = 11_200 + 1600
    room[begins : begins + len(notes)] += notes
    found = echo(room.astype("<i2").tobytes(), (1000, 1500), 11_200)
    assert found.margin_db > 20
    assert found.delay_ms == pytest.approx(100, abs=20)


def test_no_notes_are_found_where_there_is_only_noise_or_hum():
    hum = np.sin(np.arange(40_000) * 2 * np.pi * 1000 / 16_000) * 3000
    for room in (sound(2.5), hum.astype("<i2").tobytes()):
        assert echo(room, (1000, 1500), 11_200).margin_db < 10


def test_what_is_played_is_heard_with_its_delay(room):
    found = examined(speaker.examine_speaker, box())
    assert found.verdict is OK, found
    assert found.figures["margin_db"] > 20
    assert 0 <= found.figures["delay_ms"] < 1000


def test_notes_may_last_longer_than_a_card_may_be_silent(room, monkeypatch):
    """Nothing is posted while they sound; nor does a busy machine stop the clock."""
    monkeypatch.setattr(speaker, "_NOTE_S", 1.0)
    found = examined(speaker.examine_speaker, box())
    assert found.verdict is OK, found


def test_a_speaker_that_is_not_heard_fails(virtual_card):
    virtual_card.say(sound(10, loudness=100))
    found = examined(speaker.examine_speaker, box())
    assert (found.verdict, found.signal) == (FAIL, Signal.SPEAKER)
    assert "speaker-test" in found.mend


def test_a_speaker_turned_down_is_told():
    found = speaker.judge_speaker(Echo(3.0, 0.0), 0.0, "default")
    assert "[speaker] gain = 1.0" in found.mend


def test_with_a_dead_microphone_the_speaker_is_skipped(virtual_card):
    found = examined(speaker.examine_speaker, box())
    assert (found.verdict, found.mend) == (
        SKIP,
        "voice-appliance doctor --section microphone",
    )


@pytest.mark.parametrize(
    ("part", "fault"),
    [("speaker", "busy"), ("speaker", "stall"), ("microphone", "gone")],
)
def test_a_card_that_cannot_be_had_is_named_by_its_part(virtual_card, part, fault):
    virtual_card.say(sound(10))
    virtual_card.fault(part, fault)
    found = examined(speaker.examine_speaker, box())
    assert (found.verdict, found.signal) == (FAIL, Signal[part.upper()])
