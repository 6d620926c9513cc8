# SPDX-License-Identifier: MIT
import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.hardware import sound_card
from appliance.hardware.card import Choice, DeviceUnavailable, DeviceUnknown, Stream
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.virtual_card import VirtualCard
from tests.rig.waiting import in_loop, noise, until

RATE_HZ = 24_000
PERIOD = 480


def silence(_: bool) -> bytes:
    return bytes(2 * PERIOD)


def ignore(_pcm: bytes, _overran: bool) -> None:
    pass


async def open_speaker(card: AlsaCard, fill=silence, device="speaker") -> Stream:
    return await card.open_playback(Choice(pcm=device), RATE_HZ, PERIOD, fill)


async def open_microphone(card: AlsaCard, hear=ignore, device="microphone") -> Stream:
    return await card.open_capture(Choice(pcm=device), 16_000, 2048, hear)


def config_of(virtual: VirtualCard) -> str:
    return Path(virtual.environment["ALSA_CONFIG_PATH"]).read_text()


@pytest.fixture
def configuration(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Makes a text ALSA's configuration."""

    def use(text: str) -> None:
        path = tmp_path / "asound.conf"
        path.write_text(text)
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(path))

    return use


def python(program: str, card_environment) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **card_environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@in_loop
async def test_an_unknown_device_is_told_in_one_line_with_those_there_are(virtual_card):
    with pytest.raises(DeviceUnknown) as raised:
        await open_microphone(AlsaCard(), device="mike")
    assert str(raised.value) == (
        '[microphone] device = "mike": not defined in ALSA\'s configuration; '
        "there is microphone, default, see `arecord -L`"
    )


@in_loop
async def test_a_speaker_is_no_microphone(virtual_card):
    with pytest.raises(DeviceUnavailable, match=r"\[microphone\] device = \"speaker\""):
        await open_microphone(AlsaCard(), device="speaker")


@in_loop
async def test_an_unplugged_device_is_unavailable_until_it_is_back(virtual_card):
    virtual_card.fault("microphone", "gone")
    card = AlsaCard()
    with pytest.raises(DeviceUnavailable, match="not there: check its wiring"):
        await open_microphone(card)
    virtual_card.fault("microphone", None)
    stream = await open_microphone(card)
    await stream.close()


@in_loop
async def test_a_device_plugged_in_later_is_found_while_the_other_one_plays(
    virtual_card,
):
    card, heard, periods, underruns = AlsaCard(), [], [], []
    sound = noise(PERIOD * 200)

    def fill(underran: bool) -> bytes:
        underruns.append(underran)
        periods.append(sound[: 2 * PERIOD])
        return periods[-1]

    virtual_card.fault("microphone", "gone")
    speaker = await open_speaker(card, fill)
    with pytest.raises(DeviceUnavailable):
        await open_microphone(card)
    assert len(virtual_card.starts("speaker")) == 1
    virtual_card.fault("microphone", None)
    moved_at = len(periods)
    microphone = await open_microphone(card, lambda pcm, _: heard.append(pcm))
    await until(lambda: heard)
    played = len(periods)
    await until(lambda: len(periods) > played)
    # It stood still meanwhile: an xrun.
    assert any(underruns[moved_at:])
    await speaker.close()
    await microphone.close()
    # A busy machine may add an underrun of its own.
    assert len(virtual_card.starts("speaker")) >= 2


@pytest.mark.parametrize(
    ("pinned", "reason"),
    [
        ({"rate_hz": 48_000}, "cannot do 24000 Hz: name its card instead"),
        ({"sample_format": "MU_LAW"}, "Sample format not supported"),
    ],
)
@in_loop
async def test_a_card_that_cannot_play_this_and_does_not_convert_is_unavailable(
    make_virtual_card, configuration, pinned, reason
):
    virtual = make_virtual_card(**pinned)
    text = config_of(virtual).replace("type plug slave", "type hooks slave")
    configuration(text.replace('rate_converter "speexrate_medium"', ""))
    with pytest.raises(DeviceUnavailable, match=f'device = "speaker": .*{reason}'):
        await open_speaker(AlsaCard())


@in_loop
async def test_a_device_that_portaudio_hides_is_told_how_to_be_named(
    virtual_card, configuration
):
    configuration(
        config_of(virtual_card) + "pcm.plughw { type plug slave.pcm speaker }"
    )
    with pytest.raises(DeviceUnavailable, match=r"does not list it; name its card"):
        await open_speaker(AlsaCard(), device="plughw")


@in_loop
async def test_a_configuration_without_a_default_does_not_abort_the_process(
    virtual_card, configuration
):
    configuration(config_of(virtual_card).partition("pcm.!default")[0])
    with pytest.raises(DeviceUnknown, match=r"no pcm\.default"):
        await open_speaker(AlsaCard())


@in_loop
async def test_a_broken_configuration_is_told_in_one_line(configuration):
    configuration("pcm.speaker { type")
    with pytest.raises(DeviceUnknown, match="cannot be read") as raised:
        await open_speaker(AlsaCard())
    assert "\n" not in str(raised.value)


@in_loop
async def test_a_callback_that_returns_too_little_does_not_end_the_stream(
    virtual_card,
):
    calls = []

    def fill(_: bool) -> bytes:
        calls.append(1)
        return b"\x01\x00"

    speaker = await open_speaker(AlsaCard(), fill)
    await until(lambda: len(calls) > 5)
    await speaker.close()


@in_loop
async def test_a_callback_that_comes_too_late_is_told_and_the_stream_goes_on(
    virtual_card,
):
    underruns = []

    def fill(underran: bool) -> bytes:
        underruns.append(underran)
        if len(underruns) == 5:
            time.sleep(4 * PERIOD / RATE_HZ)
        return silence(underran)

    speaker = await open_speaker(AlsaCard(), fill)
    await until(lambda: len(underruns) > 20)
    await speaker.close()
    assert any(underruns[5:])
    assert len(virtual_card.starts("speaker")) > 1


@in_loop
async def test_a_callback_that_fails_is_told_once_and_called_no_more(
    virtual_card, caplog
):
    calls = []

    def fill(_: bool) -> bytes:
        calls.append(1)
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL):
        speaker = await open_speaker(AlsaCard(), fill)
        await until(lambda: calls)
        heard = len(virtual_card.heard())
        await until(lambda: len(virtual_card.heard()) > heard + 4 * PERIOD)
    await speaker.close()
    assert len(calls) == 1
    assert [record.message for record in caplog.records] == ["an audio callback failed"]


@in_loop
async def test_a_closed_stream_closes_again(virtual_card):
    speaker = await open_speaker(AlsaCard())
    await speaker.close()
    await speaker.close()


@in_loop
async def test_a_stream_that_cannot_go_on_after_a_restart_asks_for_nothing_more(
    virtual_card,
):
    card, asked, silenced = AlsaCard(), [], threading.Event()
    stream = await open_speaker(card, lambda _: asked.append(1) or bytes(2 * PERIOD))
    await until(lambda: asked)
    virtual_card.fault("speaker", "busy")
    stream.restart(silenced.set)
    await until(silenced.is_set)
    seen = len(asked)
    # Whatever comes after it on the card's thread.
    await (await open_microphone(card)).close()
    assert len(asked) == seen
    await stream.close()
    virtual_card.fault("speaker", None)
    await (await open_speaker(card)).close()


@in_loop
async def test_a_stream_that_was_closed_is_not_started_again(virtual_card):
    card, silenced = AlsaCard(), threading.Event()
    microphone = await open_microphone(card)
    stream = await open_speaker(card)
    closing = asyncio.ensure_future(stream.close())
    await asyncio.sleep(0)
    stream.restart(silenced.set)
    await closing
    await until(silenced.is_set)
    await microphone.close()
    assert len(virtual_card.starts("speaker")) == 1


@in_loop
async def test_opening_that_is_cancelled_leaves_no_stream_behind(virtual_card):
    card, filled, heard = AlsaCard(), [], []

    def fill(_: bool) -> bytes:
        filled.append(1)
        return silence(False)

    opening = asyncio.create_task(open_speaker(card, fill))
    await asyncio.sleep(0)
    while not virtual_card.starts("speaker"):
        time.sleep(0.001)  # without the loop: it must not learn that it has opened
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not _has_open("speaker.raw")
    microphone = await open_microphone(card, lambda pcm, _: heard.append(pcm))
    count = len(filled)
    await until(lambda: heard)
    await microphone.close()
    assert len(filled) == count


@in_loop
async def test_a_card_is_not_hung_that_has_another_device_to_open_first(
    virtual_card, monkeypatch
):
    card = AlsaCard()
    microphone = await open_microphone(card)
    monkeypatch.setattr(sound_card, "CLOSE_LIMIT_S", 0.1)
    began, ends = threading.Event(), threading.Event()
    monkeypatch.setattr(card._alsa, "refusal", lambda *_: began.set() or ends.wait(5))
    opening = asyncio.create_task(open_speaker(card))
    await until(began.is_set)
    closing = asyncio.create_task(microphone.close())
    await asyncio.sleep(0.2)
    assert not closing.done()
    monkeypatch.undo()
    ends.set()
    await closing
    with pytest.raises(DeviceUnavailable):
        await opening


@in_loop
async def test_closing_that_is_cancelled_before_its_turn_closes_all_the_same(
    virtual_card,
):
    card = AlsaCard()
    microphone = await open_microphone(card)
    # The card's thread has this to do first.
    opening = asyncio.create_task(open_speaker(card))
    closing = asyncio.create_task(microphone.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert not _has_open("spoken.raw")
    await (await opening).close()


@in_loop
async def test_opening_and_closing_leaves_no_thread_and_no_file_behind(virtual_card):
    card = AlsaCard()

    async def once() -> None:
        speaker, microphone = await open_speaker(card), await open_microphone(card)
        await speaker.close()
        await microphone.close()

    await once()
    threads, files = _threads(), _files()
    for _ in range(20):
        await once()
    await until(lambda: _threads() <= threads)
    assert _files() <= files


def test_the_libraries_write_nothing_to_the_journal(virtual_card):
    result = python(OPEN_AND_CLOSE, virtual_card.environment)
    assert (result.returncode, result.stdout, result.stderr) == (0, "closed\n", "")


def test_a_machine_without_a_sound_card_is_told_without_noise(virtual_card):
    result = python(OPEN_AND_CLOSE, {"ALSA_CONFIG_PATH": "/usr/share/alsa/alsa.conf"})
    assert result.returncode == 0
    assert result.stderr == ""
    assert result.stdout.startswith('[speaker] device = "speaker": not defined')


def test_a_card_that_is_unplugged_while_it_runs_hangs_and_is_told(virtual_card):
    program = UNPLUG.format(config=virtual_card.environment["ALSA_CONFIG_PATH"])
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **virtual_card.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # PortAudio writes megabytes in the meantime
        text=True,
        timeout=60,
    )
    assert result.stdout == "the sound card does not answer for 2 s\n"
    assert result.returncode == 75


OPEN_AND_CLOSE = """
import asyncio
from appliance.hardware import sound_card
from appliance.hardware.card import Choice, DeviceUnknown
from appliance.hardware.sound_card import AlsaCard

async def main():
    card = AlsaCard()
    try:
        stream = await card.open_playback(
            Choice(pcm="speaker"), 24000, 480, lambda _: bytes(960)
        )
    except DeviceUnknown as error:
        return print(error)
    await stream.close()
    print("closed")

asyncio.run(main())
"""

UNPLUG = """
import asyncio, os
from pathlib import Path
from appliance.hardware import sound_card
from appliance.hardware.card import CardHung, Choice
from appliance.hardware.sound_card import AlsaCard

async def main():
    called = asyncio.Event()
    loop = asyncio.get_running_loop()
    stream = await AlsaCard().open_capture(
        Choice(pcm="microphone"), 16000, 512,
        lambda *_: loop.call_soon_threadsafe(called.set),
    )
    await called.wait()
    with Path("{config}").with_name("microphone.fault").open("r+") as fault:
        fault.write("g")
    while called.is_set():
        called.clear()
        await asyncio.sleep(0.2)
    try:
        await stream.close()
    except CardHung as error:
        print(error, flush=True)
        os._exit(75)

asyncio.run(main())
"""


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _has_open(name: str) -> bool:
    return any(
        path.endswith(f"/{name}")
        for path in map(os.path.realpath, Path("/proc/self/fd").iterdir())
    )


def _files() -> int:
    return len(os.listdir("/proc/self/fd"))
