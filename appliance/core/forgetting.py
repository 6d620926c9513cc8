# SPDX-License-Identifier: MIT
"""When the conversation is forgotten, and the next turn begins a new one."""

from collections.abc import Callable, Iterator

from appliance.core import delivery
from appliance.core.conversation import Conversation, Step


def timers(
    c: Conversation,
) -> Iterator[tuple[float, Callable[[Conversation, float], Step]]]:
    """When it has been quiet for too long."""
    if c.turn > c.forgotten_through and c.between_turns:
        yield c.active_at + c.limits.forget_after_s, delivery.start_new_conversation
