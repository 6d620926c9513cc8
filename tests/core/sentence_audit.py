# SPDX-License-Identifier: MIT
"""What must hold of sentences, whatever happens."""

from appliance.core import effects as ef
from appliance.core.conversation import Conversation
from appliance.core.sentences import Sentence


class SentenceAudit:
    """Looks at each step; `said` counts what it has seen."""

    def __init__(self) -> None:
        self.said = self.cut = 0
        self._said_at: dict[Sentence, float] = {}

    def check(
        self, before: Conversation, c: Conversation, effects: tuple[ef.Effect, ...], now
    ) -> None:
        for place, effect in enumerate(effects, 1):
            match effect:
                case ef.Say(segment=segment) | ef.SayStatus(segment=segment):
                    assert not c.hears, "said into a hold"
                    assert not c.answer, "said over an answer"
                    if ef.DropPlayback() not in effects[place:]:
                        assert c.speaker.quiet_since is None, (
                            "its sound may become pre-roll"
                        )
                        assert c.speaker.segment == segment
                    self.said += 1
                    if isinstance(effect, ef.Say):
                        last = self._said_at.get(effect.sentence, float("-inf"))
                        assert now - last >= 60.0, "said again so soon"
                        self._said_at[effect.sentence] = now
                case ef.Play() if (
                    before.speaker.quiet_since is None and not before.answer
                ):
                    if before.spoken.segment == before.speaker.segment:
                        assert ef.DropPlayback() in effects, "an answer waits"
                        self.cut += 1
