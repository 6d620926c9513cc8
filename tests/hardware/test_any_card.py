# SPDX-License-Identifier: MIT
"""Cards of many shapes, found, opened and heard without a word of configuration."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from appliance.hardware.card import Choice, DeviceUnavailable, Stream
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_card import VirtualCard
from appliance.simulator.virtual_machine import Form, VirtualMachine
from tests.rig.waiting import in_loop, noise, until

MIC_HZ, SPEAKER_HZ = 16_000, 24_000
MIC_PERIOD, SPEAKER_PERIOD = 2048, 480
ANY = Choice()
USB, I2S = "USB-Audio", "simple-card"
I2S_FORM = Form(48_000, 2, "S32_LE")

MICROPHONES = {
    "48 kHz S16 mono": Form(48_000, 1),
    "48 kHz S16 stereo": Form(48_000, 2),
    "16 kHz S16 mono": Form(16_000, 1),
    "44.1 kHz S16 mono": Form(44_100, 1),
    "32 kHz S16 stereo": Form(32_000, 2),
    "48 kHz S24_3LE stereo": Form(48_000, 2, "S24_3LE"),
    "48 kHz S32 stereo": I2S_FORM,
    "48 kHz S16, 8 channels": Form(48_000, 8),
}
SPEAKERS = {
    "48 kHz S16 stereo": Form(48_000, 2),
    "48 kHz S16 mono": Form(48_000, 1),
    "24 kHz S16 mono": Form(24_000, 1),
    "44.1 kHz S16 stereo": Form(44_100, 2),
    "32 kHz S16 stereo": Form(32_000, 2),
    "48 kHz S24_3LE stereo": Form(48_000, 2, "S24_3LE"),
    "48 kHz S32 stereo": I2S_FORM,
    "48 kHz S16, 8 channels": Form(48_000, 8),
}
DTYPES = {"S16_LE": ("<i2", 2**15), "S32_LE": ("<i4", 2**31)}


class Heard(NamedTuple):
    stream: Stream
    periods: list[bytes]

    @property
    def pcm(self) -> bytes:
        return b"".join(self.periods)


async def listen(sound: AlsaCard, choice: Choice = ANY) -> Heard:
    periods: list[bytes] = []
    stream = await sound.open_capture(
        choice, MIC_HZ, MIC_PERIOD, lambda pcm, _: periods.append(pcm)
    )
    return Heard(stream, periods)


async def play(sound: AlsaCard, pcm: bytes, choice: Choice = ANY) -> Stream:
    """`pcm`, then silence."""
    length = 2 * SPEAKER_PERIOD
    parts = iter([pcm[at : at + length] for at in range(0, len(pcm), length)])
    return await sound.open_playback(
        choice, SPEAKER_HZ, SPEAKER_PERIOD, lambda _: next(parts, bytes(length))
    )


@pytest.fixture
def sound(machine) -> AlsaCard:
    """The machine's cards, as the service uses them."""
    return AlsaCard(machine.proc)


def tone(
    hz: float, rate_hz: int, seconds: float, amplitude: float = 0.05
) -> np.ndarray:
    return amplitude * np.sin(
        2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz
    )


def frames_of(sound: np.ndarray, form: Form) -> bytes:
    """`sound` on the first channel of a card of that form, silence on the others."""
    frames = np.zeros((len(sound), form.channels))
    frames[:, 0] = sound
    if form.sample_format == "S24_3LE":
        whole = (frames * (2**23 - 1)).astype("<i4")
        return whole.view("u1").reshape(*whole.shape, 4)[..., :3].tobytes()
    dtype, full_scale = DTYPES[form.sample_format]
    return (frames * (full_scale - 1)).astype(dtype).tobytes()


def frames_from(pcm: bytes, form: Form) -> np.ndarray:
    """A row a frame, as fractions of full scale."""
    if form.sample_format == "S24_3LE":
        low = np.frombuffer(pcm[: len(pcm) // 3 * 3], "u1").reshape(-1, 3)
        padded = np.zeros((len(low), 4), "u1")
        padded[:, 1:] = low
        values = padded.view("<i4").ravel() / 2**31
    else:
        dtype, full_scale = DTYPES[form.sample_format]
        values = np.frombuffer(pcm, dtype) / full_scale
    return values[: len(values) // form.channels * form.channels].reshape(
        -1, form.channels
    )


def pitch_hz(sound: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * rate_hz / len(sound))


@pytest.mark.parametrize("form", MICROPHONES.values(), ids=MICROPHONES)
@in_loop
async def test_a_microphone_of_any_shape_is_heard_at_its_pitch_and_level(
    machine, sound, form
):
    card = machine.plug_in("Device", microphone=form)
    card.say(frames_of(tone(1000, form.rate_hz, 1.0), form))
    heard = await listen(sound)
    await until(lambda: len(heard.periods) >= 7)
    await heard.stream.close()
    assert {len(period) for period in heard.periods} == {2 * MIC_PERIOD}
    middle = np.frombuffer(heard.pcm, "<i2")[2 * MIC_PERIOD : 6 * MIC_PERIOD] / 2**15
    assert pitch_hz(middle, MIC_HZ) == pytest.approx(1000, abs=5)
    # One channel, whole: not the mean of it and the silence beside it.
    assert np.abs(middle).max() == pytest.approx(0.05, rel=0.02)


@pytest.mark.parametrize("form", SPEAKERS.values(), ids=SPEAKERS)
@in_loop
async def test_a_speaker_of_any_shape_plays_on_all_channels(machine, sound, form):
    card = machine.plug_in("Device", speaker=form)
    wave = tone(1000, SPEAKER_HZ, 1.0)
    stream = await play(sound, (wave * (2**15 - 1)).astype("<i2").tobytes())
    wanted = int(0.9 * form.rate_hz)
    await until(lambda: len(frames_from(card.heard(), form)) > wanted)
    await stream.close()
    heard = frames_from(card.heard(), form)[form.rate_hz // 4 : form.rate_hz * 3 // 4]
    assert all(np.array_equal(heard[:, 0], channel) for channel in heard.T)
    assert pitch_hz(heard[:, 0], form.rate_hz) == pytest.approx(1000, abs=5)
    start = card.starts("speaker")[0]
    assert start.buffer_frames == 2 * start.period_frames
    assert start.period_frames == pytest.approx(0.02 * form.rate_hz, abs=1)


@in_loop
async def test_where_nothing_is_to_be_converted_not_a_bit_changes(machine, sound):
    said, answer = noise(4 * MIC_PERIOD), noise(20 * SPEAKER_PERIOD, seed=2)
    microphone = machine.plug_in("Mic", microphone=Form(16_000, 1))
    speaker = machine.plug_in("Speaker", speaker=Form(24_000, 1))
    microphone.say(said)
    heard = await listen(sound)
    stream = await play(sound, answer)
    await until(lambda: len(heard.periods) >= 5 and answer in speaker.heard())
    await stream.close()
    await heard.stream.close()
    assert heard.pcm.startswith(said)


@pytest.mark.parametrize(("microphone", "speaker"), [(1, 0), (0, 1), (0, 0)])
@in_loop
async def test_an_i2s_pair_is_pinned_whatever_the_order_of_its_links(
    machine, sound, microphone, speaker
):
    """The two directions share a clock, so both must ask for the same frames."""
    forms = {
        "microphone": Form(None, 2, "S32_LE", device=microphone),
        "speaker": Form(None, 2, "S32_LE", device=speaker),
    }
    pair = machine.plug_in("voicebox", driver=I2S, **forms)
    heard = await listen(sound)
    stream = await play(sound, b"")
    await until(lambda: heard.periods and pair.starts("speaker"))
    await stream.close()
    await heard.stream.close()
    for part in ("microphone", "speaker"):
        assert pair.starts(part)[0].frame_s == pytest.approx(1 / 48_000)


@pytest.mark.parametrize(
    ("driver", "gain_db", "factor"),
    [(I2S, None, 10), (I2S, 0.0, 1), (USB, None, 1), (USB, 6.0, 10 ** (6 / 20))],
)
@in_loop
async def test_a_bare_i2s_microphone_is_amplified_and_others_as_told(
    machine, sound, driver, gain_db, factor
):
    card = machine.plug_in("x", microphone=I2S_FORM, speaker=I2S_FORM, driver=driver)
    card.say(frames_of(tone(1000, 48_000, 1.0, amplitude=0.01), I2S_FORM))
    heard = await listen(sound, Choice(gain_db=gain_db))
    await until(lambda: len(heard.periods) >= 5)
    await heard.stream.close()
    peak = np.abs(np.frombuffer(heard.pcm, "<i2")[2 * MIC_PERIOD :]).max() / 2**15
    assert peak == pytest.approx(0.01 * factor, rel=0.03)


@in_loop
async def test_another_channel_can_be_chosen(machine, sound):
    form = Form(48_000, 2)
    card = machine.plug_in("Device", microphone=form)
    frames = frames_from(frames_of(tone(1000, 48_000, 1.0), form), form)[:, ::-1]
    card.say((frames * 2**15).astype("<i2").tobytes())
    heard = await listen(sound, Choice(channel=2))
    await until(lambda: len(heard.periods) >= 5)
    await heard.stream.close()
    assert np.abs(np.frombuffer(heard.pcm, "<i2")).max() > 1500
    with pytest.raises(
        DeviceUnavailable, match="channel = 3: this card has 2 channels"
    ):
        await listen(sound, Choice(channel=3))


@in_loop
async def test_a_card_that_only_captures_goes_with_another_one(machine, sound):
    machine.plug_in("Webcam", microphone=Form(48_000, 1))
    dac = machine.plug_in("DAC", speaker=Form(48_000, 2))
    heard = await listen(sound)
    stream = await play(sound, b"")
    await until(lambda: heard.periods and dac.starts("speaker"))
    await stream.close()
    await heard.stream.close()
    with pytest.raises(DeviceUnavailable) as raised:
        await play(sound, b"", Choice(card="Webcam"))
    assert str(raised.value) == (
        '[speaker] card = "Webcam": this card cannot play; cards that can: DAC'
    )


def plug_in_many(machine: VirtualMachine, names: str) -> dict[str, VirtualCard]:
    """Cards by the letters of what they are: a Pi has HDMI outputs, for instance."""
    form = Form()
    shapes = {
        "hdmi": {"speaker": form, "driver": "vc4-hdmi"},
        "jack": {"speaker": form, "driver": "bcm2835_headpho"},
        "headset": {"microphone": form, "speaker": form},
        "webcam": {"microphone": form},
        "pair": {"microphone": I2S_FORM, "speaker": I2S_FORM, "driver": I2S},
        "dac": {"speaker": form, "driver": I2S},
    }
    return {
        name: machine.plug_in(name, **shapes[re.sub(r"\d", "", name)])
        for name in names.split()
    }


@pytest.mark.parametrize(
    ("names", "microphone", "speaker"),
    [
        ("hdmi jack headset", "headset", "headset"),
        ("hdmi1 hdmi2 webcam dac", "webcam", "dac"),
        ("hdmi webcam", "webcam", "hdmi"),
        ("headset pair", "pair", "pair"),
        ("webcam headset dac", "headset", "headset"),
        ("headset1 headset2", None, None),
        ("webcam1 webcam2 dac1 dac2", None, None),
        ("hdmi1 hdmi2 webcam", "webcam", None),
    ],
)
@in_loop
async def test_without_configuration_the_obvious_card_is_taken(
    machine, sound, names, microphone, speaker
):
    plug_in_many(machine, names)
    for direction, expected in (("capture", microphone), ("playback", speaker)):
        if expected:
            selected = await sound.select(direction, Choice())
            assert selected.endpoint.card.id == expected
            continue
        with pytest.raises(DeviceUnavailable, match="more than one can") as raised:
            await sound.select(direction, Choice())
        assert "set it to one of" in str(raised.value)
        assert "voice-appliance sound" in str(raised.value)


@pytest.mark.parametrize(
    ("names", "wanted", "sentence"),
    [
        (
            "webcam dac",
            "webcan",
            '[microphone] card = "webcan": there is no such card; did you mean '
            '"webcam"?; cards that can capture: webcam; see `voice-appliance sound`',
        ),
        (
            "dac",
            "",
            "[microphone] card: there is none of dac (playback) can capture",
        ),
        ("", "", "[microphone] card: there is no sound card: check wiring"),
        ("", "x", "there is no such card; cards that can capture: none"),
        ("webcam webcam", "webcam", "2 cards have this id: unplug one of them"),
    ],
)
@in_loop
async def test_a_card_that_is_not_there_is_told_with_the_ones_that_are(
    machine, sound, names, wanted, sentence
):
    plug_in_many(machine, names)
    with pytest.raises(DeviceUnavailable) as raised:
        await listen(sound, Choice(card=wanted))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@in_loop
async def test_a_card_that_vanishes_between_look_and_open_is_waited_for(machine, sound):
    machine.plug_in("Device", microphone=Form())
    machine.pull_out("Device", still_listed=True)
    with pytest.raises(DeviceUnavailable, match='card = "Device": it is not there'):
        await listen(sound)


@in_loop
async def test_a_busy_card_is_told_and_one_that_is_ours_is_not_busy(machine, sound):
    pair = machine.plug_in("pair", microphone=I2S_FORM, speaker=I2S_FORM, driver=I2S)
    pair.fault("speaker", "busy")
    with pytest.raises(
        DeviceUnavailable, match='card = "pair": another program has it'
    ):
        await play(sound, b"")
    pair.fault("speaker", None)
    microphone = await sound.open_capture(
        Choice(), MIC_HZ, MIC_PERIOD, lambda pcm, _: None
    )
    # Held by ourselves, it does not tell what it can do; it did before.
    pair.fault("microphone", "busy")
    assert (await sound.select("playback", Choice())).endpoint.shares_clock
    await microphone.close()


@in_loop
async def test_a_card_plugged_in_later_is_found_and_nothing_else_is_disturbed(
    machine, sound
):
    dac = machine.plug_in("DAC", speaker=Form())
    heard: list[bytes] = []
    speaker = await sound.open_playback(
        Choice(), SPEAKER_HZ, SPEAKER_PERIOD, lambda _: bytes(2 * SPEAKER_PERIOD)
    )
    with pytest.raises(DeviceUnavailable, match="none of DAC"):
        await sound.open_capture(Choice(), MIC_HZ, MIC_PERIOD, lambda *_: None)
    machine.plug_in("Webcam", microphone=Form())
    microphone = await sound.open_capture(
        Choice(), MIC_HZ, MIC_PERIOD, lambda pcm, _: heard.append(pcm)
    )
    await until(lambda: heard)
    assert speaker.reopened_at < 0
    await microphone.close()
    await speaker.close()
    assert dac.starts("speaker")


@in_loop
async def test_a_card_that_is_replaced_by_another_one_is_asked_again(machine, sound):
    for name, form in (("Old", Form(48_000, 1)), ("New", Form(16_000, 2))):
        plugged, heard = machine.plug_in(name, microphone=form), []
        stream = await sound.open_capture(
            Choice(), MIC_HZ, MIC_PERIOD, lambda pcm, _, heard=heard: heard.append(pcm)
        )
        await until(lambda heard=heard: heard)
        await stream.close()
        machine.pull_out(name)
        assert plugged.starts("microphone")[0].frame_s == pytest.approx(
            1 / form.rate_hz
        )


@in_loop
async def test_what_a_google_voice_hat_cannot_do_is_refused_with_the_reason(
    machine, sound
):
    machine.plug_in(
        "sndrpigooglevoi", microphone=I2S_FORM, speaker=I2S_FORM, driver="RPi-simple"
    )
    with pytest.raises(
        DeviceUnavailable, match='"while-held" would silence the speaker'
    ):
        await listen(sound, Choice(rests=True))
    await (await listen(sound)).stream.close()
