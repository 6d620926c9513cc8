# SPDX-License-Identifier: MIT
"""What the box says in words, as it is heard at the DAC."""

import socket
import time
from collections.abc import Iterable
from pathlib import Path

import board
import box
import cable
import sound
import turns
from live import API_KEY, NAME, live_service
from verdict import expect, scenario, until

from appliance.core.sentences import Sentence
from appliance.core.signals import Signal
from appliance.speech import kept, network, status
from appliance.speech.language import LANGUAGES
from appliance.speech.words import words

_STATE = Path("/var/lib/voice-appliance")
_CODE = "en"
_WORDS, _VOICE = words(_CODE), LANGUAGES[_CODE].voice
#: For documentation (RFC 5737); what the machine has is its own.
_ADDRESS = "192.0.2.77"
_LEAST = 0.9
_LONGEST_S = 12
#: Between taps: longer than what counts as the button's bouncing.
_PAUSE_S = 0.12


def _recorded(text: str, place: str) -> bytes:
    """As the service keeps it, once it is made."""
    path = kept.path_of(text, _VOICE, _STATE / place)
    return until(lambda: path.exists() and kept.read(path), f"{text!r}, recorded", 60)


def _sentence(sentence: Sentence) -> bytes:
    text = status.fixed(_WORDS, network.host_name())[sentence]
    return _recorded(text, "speech")


def _hears(ear: sound.Ear, pieces: Iterable[bytes], what: str) -> str:
    """Wait until all of them have been heard, one after the other."""
    expected = b"".join(pieces)
    heard = b""
    for _ in range(_LONGEST_S):
        ear.hears(1)
        heard = ear.heard
        if sound.share_of(expected, heard) == 1:
            break
    share = sound.expect_share(_LEAST, expected, heard, what)
    return f"{share:.1%} to the sample"


@scenario("without a key: it says so by itself, before anybody presses")
def _no_key() -> str:
    expected = _sentence(Sentence.KEY)
    box.KEY.unlink()
    with sound.listening() as ear:
        box.restart()
        told = _hears(ear, [expected], "no key")
    box.give_key(API_KEY)
    return told


@scenario("three taps: its name, an address that answers, its version")
def _three_taps() -> str:
    cable.plug_in(_ADDRESS)
    with live_service(), box.hosts(NAME), sound.listening() as ear:
        turns.answers()
        for _ in range(3):
            board.tap()
            time.sleep(_PAUSE_S)
        changing = status.changing(_WORDS, _ADDRESS, None, 100)
        pieces = [
            _sentence(Sentence.READY),
            _sentence(Sentence.HOST),
            *[_recorded(text, "status") for text in changing],
            _sentence(Sentence.VERSION),
        ]
        told = _hears(ear, pieces, "three taps")
    with socket.create_server((_ADDRESS, 0)) as server:
        socket.create_connection(server.getsockname()[:2], 2).close()
    return told


@scenario("the network is unplugged: a press is told so")
def _unplugged() -> str:
    expected = _sentence(Sentence.NETWORK)
    with live_service(), box.hosts(NAME):
        turns.answers()
    cable.unplug()
    with sound.listening() as ear:
        board.press()
        sound.say(sound.noise(0.8))
        board.release()
        box.shows_signal(Signal.NETWORK)
        told = _hears(ear, [expected], "no network")
    expect(box.shows("ActiveState") == "active", "it is not active")
    return told
