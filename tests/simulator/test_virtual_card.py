# SPDX-License-Identifier: MIT
"""The card by itself, through ALSA's own arecord and aplay."""

import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from appliance.simulator import virtual_card as module
from appliance.simulator.virtual_card import (
    VirtualCard,
    VirtualCardUnavailable,
    build,
)
from tests.rig.waiting import noise

FORMAT = ["-q", "-t", "raw", "-f", "S16_LE", "-c", "1"]

ARECORD = ["arecord", "-D", "microphone", *FORMAT, "-r", "16000"]


def arecord(card: VirtualCard, frames: int, **options) -> bytes:
    return _run(card, [*ARECORD, "-s", str(frames)], **options)


def aplay(card: VirtualCard, pcm: bytes) -> None:
    _run(card, ["aplay", "-D", "speaker", *FORMAT, "-r", "24000"], input=pcm)


def _run(card: VirtualCard, command: list[str], **options) -> bytes:
    return subprocess.run(
        command,
        env={**os.environ, **card.environment},
        check=True,
        capture_output=True,
        timeout=60,
        **options,
    ).stdout


def test_what_is_said_is_recorded_and_on_the_tape_with_the_silence(virtual_card):
    said = noise(4000)
    virtual_card.say(said)
    recorded = arecord(virtual_card, 8000)
    assert recorded == said + bytes(2 * 4000)
    assert virtual_card.spoken().startswith(recorded)
    assert virtual_card.spoken(since=2000).startswith(recorded[2000:])


def test_what_is_played_is_heard(virtual_card):
    sound = noise(12_000)
    aplay(virtual_card, sound)
    assert virtual_card.heard().startswith(sound)
    assert virtual_card.heard(since=2000).startswith(sound[2000:])


def test_recordings_are_continued_and_starts_counted(virtual_card):
    assert virtual_card.starts("speaker") == []
    aplay(virtual_card, noise(1200))
    between = len(virtual_card.heard()) // 2
    aplay(virtual_card, noise(2400))
    assert virtual_card.heard()[2 * between :].startswith(noise(2400))
    assert [start.frame for start in virtual_card.starts("speaker")] == [0, between]
    assert virtual_card.starts("microphone") == []


def test_the_card_keeps_time(virtual_card):
    before = time.monotonic()
    arecord(virtual_card, 8000)
    after = time.monotonic()
    first = virtual_card.time_of_microphone_frame(0)
    last = virtual_card.time_of_microphone_frame(8000)
    assert last - first == pytest.approx(0.5)
    assert before <= first < last <= after


def test_each_frame_has_the_time_of_the_start_before_it(virtual_card):
    aplay(virtual_card, noise(1200))
    between = len(virtual_card.heard()) // 2
    aplay(virtual_card, noise(1200))
    first, second = virtual_card.starts("speaker")
    assert virtual_card.time_of_speaker_frame(24) == first.at + 24 / 24_000
    assert virtual_card.time_of_speaker_frame(between) == second.at


def test_a_frame_that_was_never_played_has_no_time(virtual_card):
    with pytest.raises(LookupError, match="frame 5"):
        virtual_card.time_of_speaker_frame(5)


def test_a_clock_that_runs_ten_times_as_fast_does(make_virtual_card):
    card = make_virtual_card(ppm=9_000_000)
    arecord(card, 16_000)
    (start,) = card.starts("microphone")
    assert start.frame_s == pytest.approx(1 / 160_000)


def test_a_card_that_is_pinned_converts_like_hardware(make_virtual_card):
    card = make_virtual_card(rate_hz=48_000, channels=2, sample_format="S32_LE")
    aplay(card, bytes(2 * 2400) + b"\x00\x40" * 12_000)
    frames = np.frombuffer(card.heard(), "<i4").reshape(-1, 2)
    middle = frames[len(frames) // 2]
    assert len(frames) >= 2 * 12_000
    assert middle == pytest.approx([1 << 30, 1 << 30], rel=0.01)


@pytest.mark.parametrize(
    ("fault", "reason"), [("gone", b"No such device"), ("busy", b"resource busy")]
)
def test_a_card_that_is_gone_or_busy_cannot_be_opened_until_it_is_back(
    virtual_card, fault, reason
):
    virtual_card.fault("microphone", fault)
    with pytest.raises(subprocess.CalledProcessError) as raised:
        arecord(virtual_card, 160)
    assert reason in raised.value.stderr
    virtual_card.fault("microphone", None)
    assert arecord(virtual_card, 160) == bytes(320)


def test_a_card_that_is_late_opens_after_three_seconds(virtual_card):
    virtual_card.fault("microphone", "late")
    began_at = time.monotonic()
    assert arecord(virtual_card, 160) == bytes(320)
    assert time.monotonic() - began_at > 3.0


def test_all_that_was_given_before_a_card_was_unplugged_is_on_the_tape(virtual_card):
    said = noise(160_000)
    virtual_card.say(said)
    with subprocess.Popen(
        [*ARECORD, "--period-size=2048", "--buffer-size=4096"],
        env={**os.environ, **virtual_card.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as recording:
        given = recording.stdout.read(3 * 4096)
        virtual_card.fault("microphone", "gone")
        given += recording.stdout.read()
    assert given in virtual_card.spoken()


def test_an_xrun_happens_once_and_starts_the_stream_anew(virtual_card):
    virtual_card.fault("microphone", "xrun")
    arecord(virtual_card, 16_000)
    assert len(virtual_card.starts("microphone")) == 2
    arecord(virtual_card, 1600)
    assert len(virtual_card.starts("microphone")) == 3


def test_a_card_that_may_not_have_a_fault_file_has_no_faults(virtual_card):
    config = Path(virtual_card.environment["ALSA_CONFIG_PATH"])
    elsewhere = config.read_text().replace("microphone.fault", "missing/fault")
    config.write_text(elsewhere)
    virtual_card.fault("microphone", "gone")
    assert arecord(virtual_card, 160) == bytes(320)


def test_the_card_is_listed_by_alsa(virtual_card):
    listing = _run(virtual_card, ["arecord", "-L"]).decode()
    assert listing.startswith("microphone\n    Virtual card: microphone")


def test_more_than_the_microphone_can_remember_is_refused(virtual_card):
    with pytest.raises(BlockingIOError, match="1 MiB"):
        virtual_card.say(bytes((1 << 20) + 2))


def test_the_plugin_is_compiled_once(tmp_path, monkeypatch):
    plugin = build(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert build(tmp_path) == plugin
    assert list(tmp_path.iterdir()) == [plugin]


def test_a_missing_compiler_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VirtualCardUnavailable) as raised:
        build(tmp_path)
    assert str(raised.value) == (
        "virtual card: gcc is missing: sudo apt install gcc libasound2-dev"
    )


def test_missing_headers_are_told_in_one_line(tmp_path, monkeypatch):
    source = tmp_path / "broken.c"
    source.write_text("#include <alsa/not_here.h>\n")
    monkeypatch.setattr(module, "_SOURCE", source)
    with pytest.raises(VirtualCardUnavailable) as raised:
        build(tmp_path / "cache")
    assert "alsa/not_here.h: No such file or directory" in str(raised.value)
    assert str(raised.value).endswith("sudo apt install gcc libasound2-dev")
    assert "\n" not in str(raised.value)
