# SPDX-License-Identifier: MIT
"""Each failure is heard: its sound, and then its sentence, sample by sample."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from appliance import __version__
from appliance.basics.pcm import PLAYBACK_RATE_HZ
from appliance.config.endpoint import LIVE_PATH
from appliance.config.file import Config
from appliance.core.earcons import earcon_pcm
from appliance.core.effects import ForgetSession, PlayEarcon, Say, SayStatus
from appliance.core.events import (
    DevicesReady,
    PlaybackSilenced,
    PlaybackStarted,
    TalkPressed,
)
from appliance.core.sentences import Sentence, fault_of
from appliance.core.signals import TABLE, Earcon, Fault, Signal
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Close, Scenario, SilentTurn
from appliance.speech import kept, network, status
from appliance.speech.language import LANGUAGES
from appliance.speech.words import words
from tests.rig.certificates import Certificates
from tests.rig.living_box import CALM, LivingBox, living_box, without_silence
from tests.rig.manners import Slow
from tests.rig.network import Network
from tests.rig.waiting import in_loop, noise

QUICK = Scenario(setup_delay_ms=0, answer_delay_ms=10, waits_for_playback=False)
NOBODY = "ws://localhost:9"


@pytest.fixture(scope="session")
def speech(tmp_path_factory) -> Callable[[str], Path]:
    """A state directory in which all sentences of a language have been made."""
    made: dict[str, Path] = {}

    def state_directory(language: str) -> Path:
        if language not in made:
            made[language] = tmp_path_factory.mktemp(language)
            texts = status.fixed(words(language), network.host_name()).values()
            module, voice = "appliance.speech.synthesis", LANGUAGES[language].voice
            command = [sys.executable, "-m", module, made[language] / "speech", voice]
            subprocess.run(command, input="\n".join(texts).encode(), check=True)
            greeted = f'[said]\nversion = "{__version__}"\n'
            (made[language] / "state").write_text(greeted)
        return made[language]

    return state_directory


def configured(language: str, config: Config = CALM) -> Config:
    return config.changed(speech=config.speech.changed(language=language))


def pcm_of(sentence: Sentence, language: str, directory: Path) -> bytes:
    text, voice = words(language)[sentence], LANGUAGES[language].voice
    pcm = kept.read(kept.path_of(text, voice, directory / "speech"))
    assert pcm
    return pcm


def said(box: LivingBox) -> list[Sentence]:
    return [say.sentence for say in box.effects(Say)]


@contextmanager
def failing(
    failure: Signal, tmp_path: Path, monkeypatch
) -> Iterator[LiveServer | None]:
    """The service that leads to `failure`; None: there is none."""
    match failure:
        case Signal.NETWORK:
            yield None
        case Signal.KEY:
            yield LiveServer(QUICK, api_key="another")
        case Signal.QUOTA:
            yield closing("setup", 1011, "You exceeded your current quota.")
        case Signal.REFUSED:
            yield closing("setup", 1008, "x is not found for API version v1beta")
        case Signal.CLOCK:
            certificates = Certificates(tmp_path / "certificates")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
            yield LiveServer(QUICK, host="localhost", tls=certificates.early)
        case Signal.NO_ANSWER:
            silent = SilentTurn(at="turn_closed", turn=1)
            yield LiveServer(QUICK.__class__(faults=(silent,)))
        case Signal.LOST:
            yield closing("turn_closed", 1011, "Internal error encountered.")
        case _:
            yield LiveServer(QUICK)


def closing(at, code: int, reason: str) -> LiveServer:
    fault = Close(at=at, code=code, reason=reason, repeat=True)
    return LiveServer(Scenario(answer_delay_ms=10, faults=(fault,)))


async def provoke(failure: Signal, box: LivingBox) -> None:
    """Do what leads to `failure`."""
    match failure:
        case Signal.MICROPHONE:
            box.card.fault("microphone", "gone")
            await box.until(
                lambda: Fault.MICROPHONE in box.transitions[-1].after.faults
            )
            box.panel.press()
            box.panel.release()
        case Signal.DAILY_LIMIT:
            await box.hold(0.4)
            await box.until(
                lambda: Fault.DAILY_LIMIT in box.transitions[-1].after.faults
            )
            await box.quiet()
            box.panel.press()
            box.panel.release()
        case Signal.LINE_TOO_SLOW:
            box.panel.press()
            box.panel.release()
        case _:
            await box.captured(0.6)
            await box.hold(0.6)


#: A broken speaker says nothing.
FAILURES = [
    signal
    for signal in Signal
    if signal.name in Sentence.__members__ and signal is not Signal.SPEAKER
]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.value)
@in_loop
async def test_each_failure_is_heard_as_its_sound_and_then_its_sentence(
    virtual_card, speech, tmp_path, monkeypatch, failure, language
):
    if failure is not Signal.UNHEARD:
        virtual_card.say(noise(480_000))
    directory, config = speech(language), configured(language)
    if failure is Signal.DAILY_LIMIT:
        spent = config.conversation.changed(tokens_per_day=1)
        config = config.changed(conversation=spent)
    if failure is Signal.LINE_TOO_SLOW:
        config = config.changed(turns=config.turns.changed(mode="server-vad"))
    async with AsyncExitStack() as stack:
        with failing(failure, tmp_path, monkeypatch) as service:
            server = await stack.enter_async_context(service) if service else None
        url = server.url if server else NOBODY
        if failure is Signal.LINE_TOO_SLOW:
            network = await stack.enter_async_context(Network(urlsplit(url).port or 0))
            await network.become(Slow(bytes_per_s=8_000))
            url = network.url + LIVE_PATH
        box = await stack.enter_async_context(
            living_box(virtual_card, url, config, state_directory=directory)
        )
        await box.until(lambda: box.happened(DevicesReady))
        await box.quiet()
        await provoke(failure, box)
        await box.until(lambda: box.effects(Say))
        sentence = pcm_of(Sentence[failure.name], language, directory)
        await box.heard(sentence)
        assert said(box)[0].name == failure.name
        earcon = TABLE[failure].earcon
        assert earcon in [effect.earcon for effect in box.effects(PlayEarcon)]
        tape = virtual_card.heard()
        gap_ms = _gap_ms(tape, earcon_pcm(earcon), sentence)
        print(f"from the end of the sound to the first word: {gap_ms:.0f} ms")
        # 150 ms where nothing is late: a period of the card is 100 ms here. The words
        # for a fault wait for the end of the hold, too.
        assert gap_ms < 400 or fault_of(said(box)[0])
        print(f"from the fault to its sound: {_to_sound_ms(box, earcon):.0f} ms")


def _to_sound_ms(box: LivingBox, earcon: Earcon) -> float:
    """From the event that led to `earcon` to its first sample at the DAC."""
    told = next(
        n
        for n, moment in enumerate(box.transitions)
        if any(isinstance(e, PlayEarcon) and e.earcon is earcon for e in moment.effects)
    )
    sounds = (m for m in box.transitions[told:] if isinstance(m.event, PlaybackStarted))
    return 1000 * (next(sounds).event.at - box.transitions[told].now)


def _gap_ms(tape: bytes, earcon: bytes, sentence: bytes) -> float:
    """The sentence comes after the sound, also where the card of a busy machine had
    nothing to play in between; how long after (0 if that happened)."""
    sounds = without_silence(tape)
    said_at = sounds.find(without_silence(sentence))
    assert 0 <= sounds.find(without_silence(earcon)) < said_at
    said_at = tape.find(sentence)
    sounded_at = tape.rfind(earcon, 0, max(0, said_at))
    if sounded_at < 0:
        return 0.0
    spoken_at = said_at + len(sentence) - len(sentence.lstrip(b"\0"))
    return 1000 * (spoken_at - sounded_at - len(earcon)) / 2 / PLAYBACK_RATE_HZ


@in_loop
async def test_a_press_on_a_sentence_silences_the_card_and_nothing_of_it_is_sent(
    virtual_card, speech
):
    virtual_card.say(noise(480_000))
    directory = speech("en")
    silent = SilentTurn(at="turn_closed", turn=1)
    async with (
        LiveServer(Scenario(answer_delay_ms=10, faults=(silent,))) as server,
        living_box(
            virtual_card, server.url, configured("en"), state_directory=directory
        ) as box,
    ):
        await box.ready()
        await box.captured(0.6)
        await box.hold(0.6)
        await box.until(lambda: box.effects(Say))
        # The earcon is over, the sentence sounds.
        await box.captured(1.2)
        box.panel.press()
        await box.until(lambda: box.happened(PlaybackSilenced))
        _, pressed = box.happened(TalkPressed)
        (silenced,) = box.happened(PlaybackSilenced)
        cut_ms = 1000 * (silenced.event.at - pressed.event.at)
        await box.captured(0.8)
        box.panel.release()
        await box.until(lambda: len(server.turns) == 2 and server.turns[1].complete)
        sentence = pcm_of(Sentence.NO_ANSWER, "en", directory)
        assert sentence not in virtual_card.heard()
        heard = server.turns[1].heard
    print(f"press to silence: {cut_ms:.1f} ms")
    periods_ms = 2000 * CALM.speaker.period_frames / PLAYBACK_RATE_HZ
    assert cut_ms < periods_ms + 50
    # Not a frame from before the press: there is no pre-roll.
    first_frame = virtual_card.spoken().find(heard) // 2
    assert first_frame >= 0
    taken_at = virtual_card.time_of_microphone_frame(first_frame)
    assert taken_at >= pressed.event.at - 0.02


@pytest.mark.parametrize("language", ["en", "de"])
@in_loop
async def test_three_taps_without_a_network_say_the_state_and_the_address(
    virtual_card, speech, language
):
    directory = speech(language)
    async with living_box(
        virtual_card, NOBODY, configured(language), state_directory=directory
    ) as box:
        await box.until(lambda: box.happened(DevicesReady))
        await box.until(lambda: Fault.NETWORK in box.transitions[-1].after.faults)
        await box.quiet()
        for _ in range(3):
            box.panel.press()
            box.panel.release()
        await box.until(lambda: box.effects(SayStatus))
        await box.quiet()
        (status_,) = box.effects(SayStatus)
        voice, said_words = LANGUAGES[language].voice, words(language)
        whole = status.fixed(said_words, network.host_name())
        told = [
            *((whole[s], "speech") for s in (Sentence.NETWORK, Sentence.HOST)),
            *(
                (text, "status")
                for text in status.changing(said_words, network.address(), None, 100)
            ),
            (whole[Sentence.VERSION], "speech"),
        ]
        pieces = [
            kept.read(kept.path_of(text, voice, directory / place))
            for text, place in told
        ]
        assert all(pieces)
        await box.heard(pieces[-1])
        heard = without_silence(virtual_card.heard())
        places = [heard.find(without_silence(pcm)) for pcm in pieces]
        assert -1 not in places
        assert places == sorted(places)
        assert heard.find(without_silence(earcon_pcm(Earcon.NO_NETWORK))) < places[0]
    assert status_.state is Sentence.NETWORK
    assert not box.effects(ForgetSession)


@in_loop
async def test_a_new_box_without_a_key_says_so_and_then_how_it_is_used(
    virtual_card, speech, tmp_path, monkeypatch
):
    """The second start, with a key, is not the first any more: it was not said."""
    shutil.copytree(speech("en") / "speech", tmp_path / "speech")
    async with LiveServer(QUICK, api_key="another") as server:
        for url, expected in (
            (server.url, [Sentence.KEY]),
            (NOBODY, [Sentence.FIRST_START]),
            (NOBODY, []),
        ):
            async with living_box(
                virtual_card, url, configured("en"), state_directory=tmp_path
            ) as box:
                await box.until(lambda: box.happened(DevicesReady))
                await box.until(lambda: box.transitions[-1].after.faults)
                await box.captured(1.0)
                await box.quiet()
                for sentence in expected:
                    await box.heard(pcm_of(sentence, "en", tmp_path))
                assert said(box) == expected


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("", "espeak-ng cannot be started: No such file or directory"),
        ("sleep 60", "espeak-ng is not done within 10 s"),
        ("kill -SEGV $$", "espeak-ng is killed by signal 11"),
        ("head -c 9999 /dev/urandom", "espeak-ng says what is no sound"),
        ("head -c 9 /dev/zero; exec sleep 60", "espeak-ng is not done within 10 s"),
    ],
    ids=["missing", "hanging", "crashing", "rubbish", "stuck"],
)
@in_loop
async def test_without_a_program_that_speaks_the_sound_comes_in_time_and_one_line_why(
    virtual_card, tmp_path, monkeypatch, caplog, script, why
):
    programs = tmp_path / "bin"
    programs.mkdir()
    for needed in ("sh", "sleep", "head"):
        (programs / needed).symlink_to(shutil.which(needed))
    if script:
        (programs / "espeak-ng").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "espeak-ng").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    async with living_box(
        virtual_card, NOBODY, configured("en"), state_directory=tmp_path / "state"
    ) as box:
        await box.until(lambda: box.happened(DevicesReady))
        await box.until(lambda: Fault.NETWORK in box.transitions[-1].after.faults)
        box.panel.press()
        box.panel.release()
        await box.heard(earcon_pcm(Earcon.NO_NETWORK))
        assert _to_sound_ms(box, Earcon.NO_NETWORK) < 400
        await box.until(lambda: _complaints(caplog))
        await box.captured(0.5)
        (complaint,) = _complaints(caplog)
        assert complaint.startswith(f"no words, only sounds: {why}")
        await box.quiet()


def _complaints(caplog) -> list[str]:
    texts = [record.getMessage() for record in caplog.records]
    return [text for text in texts if "words" in text]
