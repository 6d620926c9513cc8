# SPDX-License-Identifier: MIT
"""What a session has talked about, in tokens: all of it is billed with each turn."""

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self

from appliance.simulator.live.fields import ContextWindowCompression, Setup
from appliance.simulator.live.proto import encode
from appliance.simulator.live.wire import Message

_AUDIO_PER_S = 25
_TEXT_BYTES_EACH = 4
#: ai.google.dev/gemini-api/docs/live-session: 80 % of the window of 131,072.
_DEFAULT_TRIGGER = 104_857


class Context:
    """Grows with what is heard, read and said; compressed where the client asks."""

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()
        self._preamble = 0
        #: The turns of this conversation whose answers have begun.
        self.turns = 0

    def copy(self) -> Self:
        return deepcopy(self)

    def instruct(self, *instructions: Any) -> None:
        """System instruction and tools, as the client gave them; for the old ones."""
        self._preamble = sum(_of_text(encode(text)) for text in instructions if text)

    def hear(self, length_s: float) -> None:
        self._kept["AUDIO"] += _of_audio(length_s)

    def read(self, text: str | bytes) -> None:
        self._kept["TEXT"] += _of_text(text)

    def answer(self, length_s: float, transcript: str) -> Message:
        """The `usageMetadata` of an answer, which then is context as well."""
        prompt = self._kept + Counter(TEXT=self._preamble)
        response = +Counter(AUDIO=_of_audio(length_s), TEXT=_of_text(transcript))
        self._kept["AUDIO"] += response["AUDIO"]
        return {
            "promptTokenCount": prompt.total(),
            "responseTokenCount": response.total(),
            "totalTokenCount": prompt.total() + response.total(),
            "promptTokensDetails": _details(prompt),
            "responseTokensDetails": _details(response),
        }

    def compress(self, setup: Setup) -> None:
        """Forget the oldest, if it has become more than the client wants."""
        wanted = setup.context_window_compression
        if wanted is None or wanted.sliding_window is None:
            return
        trigger, target = _limits(wanted)
        count = self._preamble + self._kept.total()
        if count <= trigger:
            return
        room = max(0, target - self._preamble)
        share = room / self._kept.total() if self._kept else 0.0
        self._kept = Counter({k: int(v * share) for k, v in self._kept.items()})


def _limits(wanted: ContextWindowCompression) -> tuple[int, int]:
    trigger = wanted.trigger_tokens or _DEFAULT_TRIGGER
    target = wanted.sliding_window.target_tokens if wanted.sliding_window else None
    return trigger, trigger // 2 if target is None else target


def _of_audio(length_s: float) -> int:
    return round(length_s * _AUDIO_PER_S)


def _of_text(text: str | bytes) -> int:
    size = len(text.encode() if isinstance(text, str) else text)
    return -(-size // _TEXT_BYTES_EACH)


def _details(tokens: Mapping[str, int]) -> list[Message]:
    return [
        {"modality": modality, "tokenCount": count}
        for modality, count in sorted(tokens.items())
        if count
    ]
