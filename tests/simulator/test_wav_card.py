# SPDX-License-Identifier: MIT
import asyncio
import subprocess
import threading
import time
import wave
from pathlib import Path

import pytest

from appliance.hardware.card import Card
from appliance.simulator.wav import WavRecorder, WavUnusable, read_wav
from appliance.simulator.wav_card import RecordingCard, WavCard

RATE_HZ = 16_000


def write_wav(path, pcm: bytes, rate_hz: int = RATE_HZ, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate_hz)
        wav.writeframes(pcm)


def tone(frames: int) -> bytes:
    return b"".join((1 + n % 30_000).to_bytes(2, "little") for n in range(frames))


def periods(card: Card, count: int, frames: int = 160) -> list[bytes]:
    """What the microphone hears first, in periods of 10 ms."""
    heard, enough = [], threading.Event()

    def hear(pcm: bytes, overran: bool) -> None:
        heard.append(pcm)
        if len(heard) == count:
            enough.set()

    async def listen() -> None:
        stream = await card.open_capture("any", RATE_HZ, frames, hear)
        assert await asyncio.to_thread(enough.wait, 20)
        await stream.close()

    asyncio.run(listen())
    return heard[:count]


def play(card: Card, sound: bytes, frames: int = 240) -> None:
    """Play `sound`, then silence until all of it has been taken."""
    rest, taken = [sound], threading.Event()

    def fill(_: bool) -> bytes:
        period, rest[0] = rest[0][: 2 * frames], rest[0][2 * frames :]
        if not rest[0]:
            taken.set()
        return period.ljust(2 * frames, b"\0")

    async def speak() -> None:
        stream = await card.open_playback("any", 24_000, frames, fill)
        assert await asyncio.to_thread(taken.wait, 20)
        await stream.close()

    asyncio.run(speak())


def test_the_microphone_hears_silence_then_what_is_said_then_silence():
    card, said = WavCard(), tone(200)
    assert periods(card, 2) == [bytes(320)] * 2
    card.say(said)
    heard = b"".join(periods(card, 3))
    assert heard == said.ljust(3 * 320, b"\0")


def test_what_is_said_twice_is_heard_one_after_the_other():
    card = WavCard()
    card.say(tone(100))
    card.say(tone(60))
    assert periods(card, 1) == [tone(100) + tone(60)]


def test_the_ambience_is_heard_over_and_over():
    heard = b"".join(periods(WavCard(ambience=tone(100)), 3))
    assert heard == (tone(100) * 5)[: 3 * 320]


def test_periods_come_at_the_pace_of_the_clock():
    began_at = time.monotonic()
    periods(WavCard(), 20)
    assert time.monotonic() - began_at >= 0.2


def test_all_that_is_played_is_in_the_file_after_each_stream(tmp_path):
    path = tmp_path / "heard.wav"
    card = WavCard(heard=path)
    play(card, tone(1000))
    assert read_wav(path, 24_000).startswith(tone(1000))
    first = len(read_wav(path, 24_000))
    play(card, tone(500))
    assert read_wav(path, 24_000)[first:].startswith(tone(500))


def test_a_card_without_a_file_plays_to_nobody():
    play(WavCard(), tone(1000))


def test_another_card_is_recorded_and_works_as_before(tmp_path):
    path = tmp_path / "heard.wav"
    inner = WavCard()
    inner.say(tone(160))
    card = RecordingCard(inner, path)
    play(card, tone(1000))
    assert read_wav(path, 24_000).startswith(tone(1000))
    assert periods(card, 1) == [tone(160)]


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(WavUnusable, match="nowhere/x.wav: No such file or directory"):
        WavCard(heard=tmp_path / "nowhere" / "x.wav")


@pytest.mark.parametrize("kind", ["text", "a recording at 16 kHz", "a broken WAV"])
def test_a_file_that_is_no_earlier_answer_is_not_written_over(tmp_path, kind):
    path = tmp_path / "precious.wav"
    write_wav(path, tone(99))
    if kind == "text":
        path.write_text("# Precious\n")
    elif kind == "a broken WAV":
        path.write_bytes(path.read_bytes()[:20])
    before = path.read_bytes()
    with pytest.raises(
        WavUnusable, match="exists, and is not an earlier answer; name an"
    ):
        WavRecorder(path)
    assert path.read_bytes() == before


def test_an_earlier_answer_is_written_over(tmp_path):
    path = tmp_path / "answer.wav"
    for _ in range(2):
        WavRecorder(path).recorded(lambda _: tone(99))(False)
    assert read_wav(path, 24_000) == tone(99)


def test_a_wav_of_the_right_kind_is_read(tmp_path):
    write_wav(tmp_path / "a.wav", tone(99))
    assert read_wav(tmp_path / "a.wav", RATE_HZ) == tone(99)


def test_a_missing_wav_is_told(tmp_path):
    with pytest.raises(WavUnusable, match=r"b\.wav: No such file or directory"):
        read_wav(tmp_path / "b.wav", RATE_HZ)


def test_what_is_no_wav_is_told(tmp_path):
    (tmp_path / "c.wav").write_bytes(b"ID3 is another kind of file altogether")
    with pytest.raises(WavUnusable, match=r"c\.wav: not a PCM WAV file .*; try: sox "):
        read_wav(tmp_path / "c.wav", RATE_HZ)


@pytest.mark.parametrize("content", [b"", b"RIFF"])
def test_what_ends_in_its_header_is_told(tmp_path, content):
    (tmp_path / "c.wav").write_bytes(content)
    with pytest.raises(WavUnusable, match=r"c\.wav: not a WAV file: it ends too soon$"):
        read_wav(tmp_path / "c.wav", RATE_HZ)


def test_a_wav_of_another_kind_comes_with_the_command_that_converts_it(tmp_path):
    path = tmp_path / "my tune.wav"
    write_wav(path, tone(44_100), rate_hz=44_100, channels=2)
    with pytest.raises(WavUnusable) as raised:
        read_wav(path, RATE_HZ)
    text, _, command = str(raised.value).partition("; try: ")
    assert text == (
        f"{path}: 44100 Hz, 2 channel(s), 16 bit; needed: 16000 Hz, mono, 16 bit"
    )
    assert command == (
        f"sox '{path}' -r 16000 -c 1 -b 16 -e signed 'my tune-16000.wav'"
    )


def test_the_command_that_converts_does(tmp_path):
    path = tmp_path / "d.wav"
    write_wav(path, tone(44_100), rate_hz=44_100, channels=2)
    with pytest.raises(WavUnusable) as raised:
        read_wav(path, RATE_HZ)
    command = str(raised.value).partition("; try: ")[2]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, timeout=30)
    assert len(read_wav(tmp_path / "d-16000.wav", RATE_HZ)) == 2 * 8000


def test_a_full_disk_ends_the_recording_and_not_the_sound(caplog):
    fill = WavRecorder(Path("/dev/full")).recorded(lambda _: tone(480))
    for _ in range(100):
        assert fill(False) == tone(480)
    (record,) = caplog.records
    assert record.getMessage() == (
        "/dev/full: No space left on device; the rest is not kept"
    )
