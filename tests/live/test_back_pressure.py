# SPDX-License-Identifier: MIT
"""An answer that is longer than what may wait for the speaker."""

import base64
import json

import pytest

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.core import events as ev
from appliance.live import session
from tests.live.loopback import ENDED, UP, Line, accept, on_loop, peer
from tests.rig.waiting import until

SECOND_BYTES = PLAYBACK_RATE_HZ * FRAME_BYTES
GO_AWAY = b'{"goAway":{"timeLeft":"50s"}}'


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Five seconds of sound may wait, and fifteen on a link that is to be left."""
    monkeypatch.setattr(session, "_WAITING_S", 5.0)
    monkeypatch.setattr(session, "_MOST_WAITING_S", 15.0)
    monkeypatch.setattr(session, "_LOOK_EVERY_S", 0.005)


class SlowSpeaker:
    """Plays a second each time that it is asked often enough how much waits."""

    def __init__(self, url, *, looks=3):
        self.line = Line(url, unheard_s=self.unheard_s)
        self.most_s = 0.0
        self.asked = 0
        self.looks = looks

    def unheard_s(self):
        self.asked += 1
        arrived_s = sum(len(a.pcm) for a in self.line.all(ev.AnswerAudio))
        arrived_s /= SECOND_BYTES
        unheard_s = max(0.0, arrived_s - self.asked // self.looks)
        self.most_s = max(self.most_s, unheard_s)
        return unheard_s


def sound(seconds, number=0):
    pcm = bytes([number % 256, 1]) * (seconds * PLAYBACK_RATE_HZ)
    data = base64.b64encode(pcm).decode()
    part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}}
    content = {"modelTurn": {"parts": [part]}}
    return pcm, json.dumps({"serverContent": content}).encode()


@on_loop
async def test_a_long_answer_arrives_whole_at_the_speed_at_which_it_is_played():
    pieces = [sound(1, number) for number in range(40)]

    async def talk(socket):
        await accept(socket, UP, *(frame for _, frame in pieces), ENDED)
        await socket.wait_closed()

    async with peer(talk) as url:
        speaker = SlowSpeaker(url)
        async with speaker.line as line:
            await line.heard(ev.AnswerEnded)
        heard = b"".join(audio.pcm for audio in line.all(ev.AnswerAudio))
        assert heard == b"".join(pcm for pcm, _ in pieces)
        assert 5.0 < speaker.most_s <= 6.0


@on_loop
async def test_what_is_not_read_waits_with_the_service_and_not_in_memory():
    sent = 0

    async def talk(socket):
        nonlocal sent
        await accept(socket)
        for number in range(600):
            await socket.send(sound(1, number)[1])
            sent += 1
        await socket.send(ENDED)
        await socket.wait_closed()

    async with peer(talk, write_limit=1 << 16) as url:
        speaker = SlowSpeaker(url, looks=1000)
        async with speaker.line as line:
            await until(lambda: speaker.asked == 200)
            # The kernel's buffers may take 4 MiB.
            assert sent < 150
            speaker.looks = 1
            await line.heard(ev.AnswerEnded)
        assert sent == 600


@on_loop
async def test_a_message_of_minutes_arrives_in_seconds():
    pcm, frame = sound(20)

    async def talk(socket):
        await accept(socket, UP, frame, ENDED)
        await socket.wait_closed()

    async with peer(talk) as url:
        speaker = SlowSpeaker(url)
        async with speaker.line as line:
            await line.heard(ev.AnswerEnded)
        heard = [audio.pcm for audio in line.all(ev.AnswerAudio)]
        assert b"".join(heard) == pcm
        assert max(map(len, heard)) == SECOND_BYTES
        assert speaker.most_s <= 6.0


@on_loop
async def test_a_link_that_waits_for_the_speaker_is_not_taken_for_dead(monkeypatch):
    monkeypatch.setattr(session, "SILENCE_LIMIT_S", 0.1)

    async def talk(socket):
        await accept(socket, UP, *(sound(1)[1] for _ in range(8)), ENDED)
        await socket.wait_closed()

    async with peer(talk) as url:
        speaker = SlowSpeaker(url, looks=50)
        async with speaker.line as line:
            await line.heard(ev.AnswerEnded)
        assert not line.all(ev.LinkLost)


@on_loop
async def test_what_a_link_that_is_to_be_left_still_says_is_fetched_in_time():
    frames = [sound(1)[1] for _ in range(12)]

    async def talk(socket):
        await accept(socket, UP, *frames[:3], GO_AWAY, *frames[3:], ENDED)
        await socket.wait_closed()

    async with peer(talk) as url:
        speaker = SlowSpeaker(url, looks=1000)
        async with speaker.line as line:
            await line.heard(ev.AnswerEnded)
        assert speaker.most_s == 12.0
