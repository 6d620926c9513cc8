# SPDX-License-Identifier: MIT
"""Carries out the core's orders."""

from typing import assert_never

from appliance.core import effects as ef
from appliance.core.earcons import earcon_pcm
from appliance.hardware.speaker import Speaker
from appliance.live.link import LiveLink
from appliance.speech.speech import Speech
from appliance.tools.toolbox import Toolbox


class Performer:
    """Passes each order to the part that carries it out.

    Threads: the event loop's only.
    """

    def __init__(
        self, speaker: Speaker, speech: Speech, link: LiveLink, tools: Toolbox
    ) -> None:
        self._speaker = speaker
        self._speech = speech
        self._link = link
        self._tools = tools

    def perform(self, effect: ef.Effect) -> None:
        """Never waits."""
        match effect:
            case (
                ef.OpenTurn()
                | ef.SendAudio()
                | ef.SendText()
                | ef.CloseTurn()
                | ef.AnswerTool()
            ):
                self._link.send(effect)
            case ef.Play(pcm):
                self._speaker.play(pcm)
            case ef.Drain(segment):
                self._speaker.drain(segment)
            case ef.Say(sentence, segment):
                self._speech.say(sentence, segment)
            case ef.SayStatus(state, volume_percent, segment):
                self._speech.say_status(state, volume_percent, segment)
            case ef.DropPlayback():
                self._speech.drop()
                self._speaker.drop()
            case ef.PlayEarcon(earcon, segment):
                self._speech.drop()  # It would sound after this, and unexpectedly.
                self._speaker.insert(earcon_pcm(earcon), segment)
            case ef.SetGain(gain):
                self._speaker.gain = gain
            case ef.OpenLink():
                self._link.open()
            case ef.RenewLink(unresponsive):
                self._link.renew(unresponsive=unresponsive)
            case ef.ForgetSession():
                self._link.forget()
            case ef.CloseLink():
                self._link.close()
            case ef.RunTool():
                self._tools.run(effect)
            case ef.CancelTools(call_ids):
                self._tools.cancel(call_ids)
            case _:
                assert_never(effect)
