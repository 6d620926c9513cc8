# SPDX-License-Identifier: MIT
import asyncio
import math
import random
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from appliance.basics.pcm import amplify
from appliance.config.file import Config
from appliance.core.events import (
    FaultCleared,
    FaultRaised,
    PlaybackDrained,
    PlaybackSilenced,
    PlaybackStarted,
    PlaybackUnderran,
)
from appliance.core.liveness import LIMITS_S
from appliance.core.signals import Fault
from appliance.hardware.card import Choice
from appliance.hardware.portaudio import PortAudio, PortAudioStream
from appliance.hardware.prefill import Prefill
from appliance.hardware.sound_card import AlsaCard
from appliance.hardware.speaker import Cut, Speaker
from appliance.service import devices
from appliance.service.devices import Demand, keep_open
from appliance.simulator.wav_card import WavCard
from tests.hardware.posted import Posted
from tests.rig.waiting import in_loop, noise, until

PERIOD = 480
PERIOD_S = 0.02


def speaker(
    posted: Posted,
    *,
    period_frames: int = PERIOD,
    gain: float = 1.0,
    prefill_ms: int = 0,
    cut: Cut = "run-out",
) -> Speaker:
    return Speaker(
        AlsaCard(),
        device=Choice(pcm="speaker"),
        period_frames=period_frames,
        cut=cut,
        prefill=Prefill(prefill_ms / 1000),
        gain=gain,
        post=posted,
    )


class PatientCard:
    """It calls back when told to, and takes its time to let go of what it holds."""

    reopened_at = -math.inf

    def __init__(self) -> None:
        self.letting_go: list[Callable[[], None]] = []

    async def open_playback(self, device, rate_hz, period_frames, fill):
        self.fill = fill
        return self

    async def close(self) -> None: ...

    def restart(self, silenced: Callable[[], None]) -> None:
        self.letting_go.append(silenced)


async def patient_speaker(posted: Posted) -> tuple[PatientCard, Speaker]:
    card = PatientCard()
    loud = Speaker(
        card,
        device=Choice(),
        period_frames=PERIOD,
        cut="restart",
        prefill=Prefill(0.0),
        gain=1.0,
        post=posted,
    )
    await loud.open()
    return card, loud


def sound_of(card) -> bytes:
    """What was heard, without silence: a busy machine may have let it underrun."""
    frames = np.frombuffer(card.heard(), "<i2")
    return frames[frames != 0].tobytes()


def stretches_of_sound(card) -> list[tuple[int, int]]:
    """(first, last) frame number of each."""
    sounds = np.frombuffer(card.heard(), "<i2") != 0
    edges = np.flatnonzero(np.diff(sounds, prepend=False, append=False))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


@in_loop
async def test_a_card_that_keeps_what_it_is_given_is_given_the_silence_too(tmp_path):
    posted, path = Posted(), tmp_path / "heard.wav"
    loud = Speaker(
        WavCard(heard=path),
        device=Choice(),
        period_frames=PERIOD,
        cut="run-out",
        prefill=Prefill(0.0),
        gain=1.0,
        post=posted,
    )
    await loud.open()
    loud.insert(noise(PERIOD), 1)
    await posted.first(PlaybackDrained)
    sounding_bytes = path.stat().st_size
    await until(lambda: path.stat().st_size > sounding_bytes + 8 * PERIOD)
    await loud.close()


@in_loop
async def test_every_frame_of_an_answer_is_heard_and_no_other(virtual_card):
    answer, posted = noise(24_000), Posted()
    loud = speaker(posted, prefill_ms=60)
    await loud.open()
    for start in range(0, len(answer), 1921):
        loud.play(answer[start : start + 1921])
    loud.drain(1)
    await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == len(answer))
    await loud.close()
    assert sound_of(virtual_card) == answer


@in_loop
async def test_the_asked_for_period_and_rate_are_granted(virtual_card):
    loud = speaker(Posted())
    await loud.open()
    await until(virtual_card.heard)
    await loud.close()
    (start,) = virtual_card.starts("speaker")
    assert (start.period_frames, start.buffer_frames) == (PERIOD, 2 * PERIOD)
    assert start.frame_s == pytest.approx(1 / 24_000)


@in_loop
async def test_start_and_end_are_told_as_they_are_heard(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.play(noise(5000))
    loud.drain(4)
    drained = await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == 10_000)
    await loud.close()
    # More than one: the machine was busy, and the card underran.
    stretches = stretches_of_sound(virtual_card)
    first, last = stretches[0][0], stretches[-1][1]
    (started,) = posted.of(PlaybackStarted)
    assert drained.segment == 4
    # Later only, by as much as the machine kept the callback waiting.
    for told, frame in (started.at, first), (drained.at, last + 1):
        assert -0.002 < told - virtual_card.time_of_speaker_frame(frame) < 1.0


#: In frames: the shortest that the settings advise, and the default.
SHORT, DEFAULT = PERIOD, Config().speaker.period_frames


@pytest.mark.parametrize(
    ("cut", "period_frames", "median_s", "worst_s"),
    [
        # Two periods and a fade of 2 ms; and next to nothing.
        ("run-out", SHORT, 0.040, 0.045),
        ("run-out", DEFAULT, 0.080, 0.085),
        ("restart", SHORT, 0.010, 0.020),
        ("restart", DEFAULT, 0.010, 0.020),
    ],
)
@in_loop
async def test_drop_silences_the_converter_in_time(
    virtual_card, cut, period_frames, median_s, worst_s
):
    posted, pause, dropped_at = Posted(), random.Random(3), []
    loud = speaker(posted, cut=cut, period_frames=period_frames)
    await loud.open()
    for _ in range(20):
        posted.clear()
        loud.play(noise(24_000))
        await posted.first(PlaybackStarted)
        period_s = period_frames / 24_000
        await asyncio.sleep(1.5 * period_s + pause.random() * period_s)
        dropped_at.append(time.monotonic())
        loud.drop()
        silenced = await posted.first(PlaybackSilenced)
        await until(lambda at=silenced.at: loud.beat_at > at)
    await loud.close()
    lasts = [last for _, last in stretches_of_sound(virtual_card)]
    silences = [virtual_card.time_of_speaker_frame(last + 1) for last in lasts]
    # The first one after the drop: a busy machine may have had underruns before it.
    lags = [min(s - at for s in silences if s > at - 0.002) for at in dropped_at]
    figures = f"{statistics.median(lags):.4f} s, worst {max(lags):.4f} s"
    print(f"{cut}, {period_frames} frames: {figures}")
    assert statistics.median(lags) < median_s
    # A busy machine runs this thread late, too: before or after the drop.
    assert sorted(lags)[-3] <= worst_s


@in_loop
async def test_what_comes_after_a_drop_waits_until_the_card_has_let_go():
    posted = Posted()
    card, loud = await patient_speaker(posted)
    loud.play(noise(10 * PERIOD))
    card.fill(False)
    loud.drop()
    loud.insert(noise(PERIOD, seed=2), 1)
    assert not any(card.fill(False))
    loud.drop()
    loud.insert(noise(PERIOD, seed=3), 2)
    (let_go,) = card.letting_go
    let_go()
    assert card.fill(False) == noise(PERIOD, seed=3)
    assert len(posted.of(PlaybackSilenced)) == 1


@in_loop
async def test_a_sound_right_after_a_drop_is_heard_from_its_first_frame(virtual_card):
    posted, sound = Posted(), noise(PERIOD, seed=2)
    loud = speaker(posted)
    await loud.open()
    for segment in range(10):
        posted.clear()
        loud.play(noise(24_000))
        await posted.first(PlaybackStarted)
        loud.drop()
        loud.insert(sound, segment)
        await posted.first(PlaybackDrained)
        await until(lambda n=segment: virtual_card.heard().count(sound) == n + 1)
    await loud.close()


@in_loop
async def test_drop_cuts_the_end_of_an_answer_that_only_the_card_still_holds(
    virtual_card,
):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.insert(noise(PERIOD), 1)
    await posted.first(PlaybackDrained)
    loud.drop()
    await posted.first(PlaybackSilenced)
    await loud.close()
    assert len(sound_of(virtual_card)) < 2 * PERIOD


@in_loop
async def test_drop_in_silence_leaves_the_stream_alone(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.drop()
    loud.drain(1)
    await posted.first(PlaybackDrained)
    await loud.close()
    assert posted.of(PlaybackSilenced) == []


@in_loop
async def test_drop_while_the_speaker_is_closed_is_silent_already(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.play(noise(24_000))
    await posted.first(PlaybackStarted)
    await loud.close()
    loud.drop()
    await posted.first(PlaybackSilenced)


@in_loop
async def test_an_answer_that_comes_too_slowly_is_told_and_goes_on(virtual_card):
    posted = Posted()
    loud = speaker(posted, prefill_ms=20)
    await loud.open()
    loud.play(noise(1000))
    await posted.first(PlaybackUnderran)
    loud.play(noise(1000, seed=2))
    loud.drain(1)
    await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == 2 * 2000)
    await loud.close()
    # A busy machine may add some of its own.
    assert len(stretches_of_sound(virtual_card)) >= 2
    assert len(posted.of(PlaybackStarted)) == 2


@in_loop
async def test_an_xrun_of_the_card_while_it_sounds_is_told(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.play(noise(24_000))
    loud.drain(1)
    await posted.first(PlaybackStarted)
    virtual_card.fault("speaker", "xrun")
    await posted.first(PlaybackDrained)
    await loud.close()
    # A busy machine may add some of its own.
    starts = len(virtual_card.starts("speaker"))
    assert 1 <= len(posted.of(PlaybackUnderran)) <= starts - 1


@in_loop
async def test_an_xrun_of_the_card_in_silence_is_nobodys_business(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    virtual_card.fault("speaker", "xrun")
    await until(lambda: len(virtual_card.starts("speaker")) >= 2)
    loud.drain(1)
    await posted.first(PlaybackDrained)
    await loud.close()
    assert posted.of(PlaybackUnderran) == []


@in_loop
async def test_a_change_of_gain_is_heard_in_what_already_waits(virtual_card):
    sound, posted = noise(12_000), Posted()
    loud = speaker(posted, gain=0.5)
    await loud.open()
    loud.play(sound)
    loud.drain(1)
    await posted.first(PlaybackStarted)
    loud.gain = 2.0
    await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == len(sound))
    await loud.close()
    heard = sound_of(virtual_card)
    assert heard[: 2 * PERIOD] == amplify(sound[: 2 * PERIOD], 0.5)
    assert heard[-2 * PERIOD :] == amplify(sound[-2 * PERIOD :], 2.0)


@in_loop
async def test_a_change_of_gain_makes_no_step(virtual_card):
    """Zipper noise is a jump from one frame to the next."""
    level, posted = 16_000, Posted()
    loud = speaker(posted, gain=0.1)
    await loud.open()
    loud.play(np.full(24_000, level, "<i2").tobytes())
    loud.drain(1)
    await posted.first(PlaybackStarted)
    for gain in (0.2, 0.8, 0.05, 1.0):
        seen_at = loud.beat_at
        await until(lambda seen_at=seen_at: loud.beat_at > seen_at)
        loud.gain = gain
    await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == 48_000)
    await loud.close()
    heard = np.frombuffer(sound_of(virtual_card), "<i2").astype(int)
    assert (heard[0], heard[-1]) == (level // 10, level)
    assert np.abs(np.diff(heard)).max() <= 0.95 * level / PERIOD + 2


@in_loop
async def test_what_waits_survives_a_stall_and_a_new_stream(virtual_card):
    sound, posted = noise(12_000), Posted()
    loud = speaker(posted)
    await loud.open()
    virtual_card.fault("speaker", "stall")
    await until(lambda: time.monotonic() - loud.beat_at > 10 * PERIOD_S)
    loud.play(sound)
    loud.drain(1)
    await loud.close()
    virtual_card.fault("speaker", None)
    await loud.open()
    await posted.first(PlaybackDrained)
    await until(lambda: len(sound_of(virtual_card)) == len(sound))
    await loud.close()
    assert sound_of(virtual_card) == sound


class Kept:
    """A speaker that is kept open, as the service does it, and plays."""

    def __init__(self, cut: Cut) -> None:
        self.posted = Posted()
        self.speaker = speaker(self.posted, cut=cut)
        self.works = asyncio.Event()

    async def __aenter__(self) -> "Kept":
        keeping = keep_open(
            self.speaker,
            Fault.SPEAKER,
            LIMITS_S["speaker"],
            self.posted,
            self.works,
            Demand(),
        )
        self._task = asyncio.create_task(keeping)
        await self.works.wait()
        await self.play()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.speaker.close()

    async def play(self) -> None:
        self.posted.clear()
        self.speaker.play(noise(240_000))
        await self.posted.first(PlaybackStarted)

    async def cut(self) -> None:
        """Until it is silent, and called back again."""
        self.speaker.drop()
        cut_at = time.monotonic()
        await self.posted.first(PlaybackSilenced)
        await until(lambda: self.speaker.beat_at > cut_at)


def open_slowly(monkeypatch, open_s: float) -> None:
    """Bluetooth and HDMI sinks that wake up, for instance."""
    opened = PortAudio.opened

    def slowly(*args, **kwargs) -> PortAudioStream:
        time.sleep(open_s)  # on the card's thread
        return opened(*args, **kwargs)

    monkeypatch.setattr(PortAudio, "opened", slowly)


@pytest.mark.parametrize("open_ms", [1500, 3500])
@in_loop
async def test_a_card_that_is_slow_to_open_is_cut_without_a_fault(
    virtual_card, monkeypatch, open_ms
):
    card = virtual_card
    async with Kept("restart") as kept:
        open_slowly(monkeypatch, open_ms / 1000)
        began_at, starts = time.monotonic(), len(card.starts("speaker"))
        kept.speaker.drop()
        await until(lambda: len(card.starts("speaker")) > starts)
        assert time.monotonic() - began_at > open_ms / 1000
        assert kept.posted.of(FaultRaised) == []
        await kept.play()
        assert kept.posted.of(FaultRaised) == []


@in_loop
async def test_a_slow_card_that_is_closed_while_it_restarts_is_not_hung(
    virtual_card, monkeypatch
):
    async with Kept("restart") as kept:
        open_slowly(monkeypatch, 3.5)
        kept.speaker.drop()
        await kept.posted.first(PlaybackSilenced)
        # Must not raise CardHung.
        await kept.speaker.close()


@in_loop
async def test_a_card_that_stays_silent_after_a_restart_is_not_restarted_again(
    virtual_card, caplog, monkeypatch
):
    monkeypatch.setattr(devices, "_RETRY_AFTER_S", 0.05)
    async with Kept("restart") as kept:
        virtual_card.fault("speaker", "once")
        kept.speaker.drop()
        await kept.posted.first(FaultRaised)
        await until(lambda: len(caplog.messages) == 2)
        assert "did not play on after it was stopped for a cut" in caplog.messages[0]
        assert "if it stays so, only a reboot helps" in caplog.messages[1]
        virtual_card.fault("speaker", None)  # as a reboot does
        await kept.posted.first(FaultCleared)
        starts = len(virtual_card.starts("speaker"))
        await kept.play()
        await kept.cut()
        await kept.play()
        assert len(virtual_card.starts("speaker")) == starts
    assert len(caplog.messages) == 2


@in_loop
async def test_a_cut_by_running_out_never_stops_the_card_and_fades(virtual_card):
    posted = Posted()
    loud = speaker(posted)
    await loud.open()
    loud.play(np.full(24_000, 16_000, "<i2").tobytes())
    await posted.first(PlaybackStarted)
    loud.drop()
    silenced = await posted.first(PlaybackSilenced)
    await until(lambda: loud.beat_at > silenced.at)
    await loud.close()
    assert len(virtual_card.starts("speaker")) == 1
    heard = np.frombuffer(sound_of(virtual_card), "<i2").astype(int)
    # A fade of 2 ms, 48 frames, and no step.
    assert np.abs(np.diff(heard)).max() <= 16_000 / 48 + 2
