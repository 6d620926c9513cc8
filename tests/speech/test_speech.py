# SPDX-License-Identifier: MIT
"""The sentences of the box: made at the start, said without a process."""

import asyncio
import itertools
import logging
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance import __version__
from appliance.core.sentences import Sentence
from appliance.speech import kept, network, status, words
from appliance.speech.language import LANGUAGES
from appliance.speech.speech import Speech
from tests.rig.waiting import in_loop, until
from tests.speech.conftest import HEADER, octal

FAILURE = Sentence.NETWORK


class Mouth:
    """What is inserted into the speaker."""

    def __init__(self) -> None:
        self.said: list[tuple[bytes, int]] = []

    def insert(self, pcm: bytes, segment: int) -> None:
        self.said.append((pcm, segment))


@asynccontextmanager
async def speaking(directory: Path | None, language: str | None = "en"):
    mouth = Mouth()
    speech = Speech(directory, mouth.insert)
    task = asyncio.create_task(speech.run())
    speech.configure(language)
    yield speech, mouth
    task.cancel()


def path_of(sentence: Sentence, language: str, directory: Path) -> Path:
    text = words.words(language)[sentence]
    return kept.path_of(text, LANGUAGES[language].voice, directory / "speech")


def made(directory: Path) -> int:
    return len([*(directory / "speech").glob("*.pcm")])


ALL = len(status.fixed(words.words("en"), "kitchen"))


@in_loop
async def test_all_are_made_and_then_said_without_a_process(tmp_path, monkeypatch):
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        monkeypatch.setenv("PATH", "")
        before = time.monotonic()
        speech.say(FAILURE, 7)
        await until(lambda: mouth.said)
        print(f"from order to speaker: {1000 * (time.monotonic() - before):.1f} ms")
    ((pcm, segment),) = mouth.said
    assert segment == 7
    assert pcm == kept.read(path_of(FAILURE, "en", tmp_path))
    assert 1.0 < len(pcm) / 48_000 < 5.0


@in_loop
async def test_what_is_there_is_not_made_again(tmp_path, false_espeak, caplog):
    async with speaking(tmp_path):
        await until(lambda: made(tmp_path) == ALL)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "speech").iterdir()}
    false_espeak("exit 1")
    kept.write(tmp_path / "speech" / "old.pcm", b"ab")
    async with speaking(tmp_path):
        await until(lambda: not (tmp_path / "speech" / "old.pcm").exists())
        await asyncio.sleep(0.3)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "speech").iterdir()} == times
    assert caplog.records == []


@in_loop
async def test_another_language_takes_the_place_of_the_one_before(tmp_path):
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        speech.configure("de")
        german = path_of(FAILURE, "de", tmp_path)
        await until(lambda: german.exists() and made(tmp_path) == ALL)
        speech.say(FAILURE, 1)
        await until(lambda: mouth.said)
        assert mouth.said == [(kept.read(german), 1)]
        speech.configure(None)
        speech.say(FAILURE, 2)
        await until(lambda: len(mouth.said) == 2)
        assert mouth.said[1] == (b"", 2)


@in_loop
async def test_the_sentence_of_an_update_names_the_version(tmp_path):
    text = f"Updated to version {__version__}."
    async with speaking(tmp_path):
        path = kept.path_of(text, "en-gb", tmp_path / "speech")
        await until(path.exists)


def text_of(mouth: Mouth, directory: Path) -> list[str]:
    """What was inserted, by what it was made from."""
    en = words.words("en")
    wifi, address = network.Wifi("Home", 61), network.address()
    texts = [*status.changing(en, address, wifi, 70)]
    texts += status.fixed(en, network.host_name()).values()
    made = {}
    for text, place in itertools.product(texts, ("speech", "status")):
        pcm = kept.read(kept.path_of(text, "en-gb", directory / place))
        made[pcm] = text
    return [made.get(pcm, "?") for pcm, _ in mouth.said]


async def told(speech: Speech, mouth: Mouth, directory: Path) -> list[str]:
    """What three taps lead to; only its last piece ends a segment of the core's."""
    before = time.monotonic()
    mouth.said.clear()
    speech.say_status(Sentence.READY, 70, 5)
    await until(lambda: mouth.said)
    print(f"to the first word: {1000 * (time.monotonic() - before):.1f} ms")
    await until(lambda: mouth.said[-1][1] == 5)
    print(f"to the last word: {1000 * (time.monotonic() - before):.1f} ms")
    assert {number for _, number in mouth.said[:-1]} == {0}
    return text_of(mouth, directory)


@in_loop
async def test_three_taps_are_told_in_pieces_and_only_what_changed_is_made(
    tmp_path, false_nmcli, false_espeak
):
    false_nmcli('echo "*:61:Home"')
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        pieces = await told(speech, mouth, tmp_path)
        assert pieces[0] == "Ready."
        assert pieces[1].startswith("My name is ")
        assert pieces[-3:-1] == ["Wi-Fi Home: good.", "Volume 70 percent."]
        assert pieces[-1] == f"Version {__version__}."
        false_espeak("exit 1")
        false_nmcli('echo "*:61:Home"')
        assert await told(speech, mouth, tmp_path) == pieces


@in_loop
async def test_what_cannot_be_made_is_left_out_and_the_status_has_an_end(
    tmp_path, false_espeak, caplog
):
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        false_espeak("exit 3")
        speech.say_status(Sentence.NETWORK, 70, 5)
        await until(lambda: mouth.said and mouth.said[-1][1] == 5)
    assert text_of(mouth, tmp_path)[-1] == f"Version {__version__}."
    (record,) = caplog.records
    assert record.getMessage() == "no words, only sounds: espeak-ng ends with code 3"


@in_loop
async def test_a_status_that_is_dropped_has_no_more_to_say(tmp_path, false_nmcli):
    false_nmcli("sleep 60")
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        speech.say_status(Sentence.READY, 70, 5)
        await until(lambda: len(mouth.said) == 2)
        speech.drop()
        await asyncio.sleep(0.2)
    assert len(mouth.said) == 2


@in_loop
async def test_at_the_first_start_a_sentence_that_is_just_being_made_is_waited_for(
    tmp_path,
):
    async with speaking(tmp_path) as (speech, mouth):
        speech.say(Sentence.FIRST_START, 1)
        await until(lambda: mouth.said)
        assert made(tmp_path) < ALL
    assert mouth.said == [(kept.read(path_of(Sentence.FIRST_START, "en", tmp_path)), 1)]
    assert mouth.said[0][0]


@in_loop
async def test_what_is_dropped_before_it_was_read_is_not_said(tmp_path):
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: made(tmp_path) == ALL)
        speech.say(FAILURE, 1)
        speech.drop()
        speech.say(Sentence.LOST, 2)
        await until(lambda: mouth.said)
        await asyncio.sleep(0.1)
    assert [segment for _, segment in mouth.said] == [2]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "espeak-ng cannot be started: No such file or directory"),
        ("exit 3", "espeak-ng ends with code 3"),
        ("cat >/dev/null", "espeak-ng says nothing"),
        ("yes", "espeak-ng does not stop talking"),
    ],
)
@in_loop
async def test_without_words_it_is_one_line_and_nothing_is_inserted_but_the_end(
    tmp_path, false_espeak, caplog, script, why
):
    false_espeak(script)
    async with speaking(tmp_path) as (speech, mouth):
        await until(lambda: caplog.records)
        speech.say(FAILURE, 3)
        await until(lambda: mouth.said)
    assert mouth.said == [(b"", 3)]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"no words, only sounds: {why}"


@in_loop
async def test_while_espeak_ng_hangs_nobody_waits_for_it(
    tmp_path, false_espeak, monkeypatch, caplog
):
    monkeypatch.setattr("appliance.speech.speech._MAKE_LIMIT_S", 1.0)
    pid_file = tmp_path / "pid"
    false_espeak(f"echo $$ >{pid_file}; sleep 60 & sleep 60")
    async with speaking(tmp_path) as (speech, mouth):
        await until(pid_file.exists)
        speech.say(FAILURE, 3)
        await until(lambda: caplog.records)
        await until(lambda: mouth.said, 0.5)
    assert mouth.said == [(b"", 3)]
    assert caplog.records[0].getMessage() == (
        "no words, only sounds: speech is not made within 1 s"
    )
    pid = int(pid_file.read_text())
    await until(lambda: not Path(f"/proc/{pid}/exe").exists())


@pytest.mark.parametrize("place", ["file/state", "/proc/state"])
@in_loop
async def test_a_place_that_cannot_be_written_is_one_line(tmp_path, caplog, place):
    (tmp_path / "file").touch()
    async with speaking(tmp_path / place) as (speech, mouth):
        await until(lambda: caplog.records)
        speech.say(FAILURE, 3)
        await until(lambda: mouth.said)
    assert mouth.said == [(b"", 3)]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"no words, only sounds: {tmp_path / place}")


def test_a_full_disk_is_one_line_and_leaves_no_half_of_a_file(tmp_path, false_espeak):
    """RLIMIT_FSIZE: a file may be no longer than 1000 bytes, as on a full disk."""
    false_espeak(f"cat >/dev/null; printf '{octal(HEADER)}'; yes | head -c 9000")
    prlimit = shutil.which("prlimit", path="/usr/bin:/bin")
    directory = tmp_path / "speech"
    module = "appliance.speech.synthesis"
    ended = subprocess.run(
        [prlimit, "--fsize=1000", sys.executable, "-m", module, directory, "en-gb"],
        input=b"One.\nTwo.",
        capture_output=True,
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.decode().splitlines()
    assert line == f"{directory}: File too large"
    assert [*directory.glob("*.pcm")] == []


@in_loop
async def test_a_broken_language_file_is_one_line(tmp_path, monkeypatch, caplog):
    (tmp_path / "en.toml").write_text("lost = 1\n")
    monkeypatch.setattr(words, "LANGUAGES_DIRECTORY", tmp_path)
    monkeypatch.setattr(words.words, "__defaults__", (tmp_path,))
    async with speaking(tmp_path) as (speech, mouth):
        speech.say(FAILURE, 3)
        await until(lambda: mouth.said)
    assert mouth.said == [(b"", 3)]
    (record,) = caplog.records
    path = tmp_path / "en.toml"
    assert record.getMessage() == (
        f"no words, only sounds: {path}: first-start is missing"
    )


@in_loop
async def test_without_a_directory_there_are_no_words_and_no_process(
    false_espeak, tmp_path
):
    false_espeak(f"touch {tmp_path}/started")
    async with speaking(None) as (speech, mouth):
        speech.say(FAILURE, 3)
        await until(lambda: mouth.said)
        assert mouth.said == [(b"", 3)]
        await asyncio.sleep(0.2)
    assert not (tmp_path / "started").exists()


def test_the_service_imports_no_numpy_for_it():
    program = "import sys, appliance.speech.speech; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
