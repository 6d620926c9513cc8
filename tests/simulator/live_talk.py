# SPDX-License-Identifier: MIT
"""A client of the simulator's session in virtual time: no socket, no clock."""

import base64
import json

import msgspec

from appliance.simulator.live.downlink import Action, Close, Send
from appliance.simulator.live.service import Service
from appliance.simulator.live.session import LiveSession
from appliance.simulator.scenario import Scenario

START = {"realtimeInput": {"activityStart": {}}}
END = {"realtimeInput": {"activityEnd": {}}}
SPEECH = b"".join(
    (index * 37 % 20_000 - 10_000).to_bytes(2, "little", signed=True)
    for index in range(16_000)
)


def audio(pcm: bytes = SPEECH, mime_type: str = "audio/pcm;rate=16000"):
    data = base64.b64encode(pcm).decode()
    return {"realtimeInput": {"audio": {"data": data, "mimeType": mime_type}}}


def setup(**fields):
    manual = {"automaticActivityDetection": {"disabled": True}}
    wanted = {"model": "models/gemini-3.8-live", "realtimeInputConfig": manual}
    return {"setup": wanted | fields}


class Talk:
    """One connection to `service`; what came back is in `messages` and `actions`."""

    def __init__(self, scenario=None, service=None, key="some-key"):
        self.service = service or Service(scenario or Scenario())
        self.session = LiveSession(self.service, "v1beta", key)
        self.now = 1000.0
        self.actions: list[tuple[float, Action]] = []

    def say(self, *messages):
        """Send each, at the same instant."""
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            self.session.receive(text, self.now)
        return self.wait(0)

    def set_up(self, **fields):
        return self.say(setup(**fields)).wait(0.1)

    def speak(self, pcm=SPEECH):
        """A whole turn, at one instant."""
        return self.say(START, audio(pcm), END)

    def wait(self, seconds):
        until = self.now + seconds
        while (at := self.session.next_at) is not None and at <= until:
            self.now = max(self.now, at)
            for action in self.session.due(self.now):
                self.actions.append((self.now, action))
        self.now = until
        return self

    @property
    def messages(self):
        frames = [action.frame for _, action in self.actions if type(action) is Send]
        return [msgspec.json.decode(frame) for frame in frames]

    @property
    def content(self):
        """The serverContent of each message that has one."""
        return [m["serverContent"] for m in self.messages if "serverContent" in m]

    @property
    def spoken(self):
        """The answer audio that came back."""
        parts = [c["modelTurn"]["parts"][0] for c in self.content if "modelTurn" in c]
        return b"".join(base64.b64decode(part["inlineData"]["data"]) for part in parts)

    @property
    def lines(self):
        """The transcript of this link, audio left out."""
        own = [line for link, line in self.service.transcript if link == self.link]
        return [line for line in own if " audio" not in line]

    @property
    def link(self):
        return self.session.link

    @property
    def closed(self):
        """The code and the reason of the close frame, or None."""
        action = self.actions[-1][1] if self.actions else None
        return (action.code, action.reason) if isinstance(action, Close) else None
