# SPDX-License-Identifier: MIT
"""When the conversation is forgotten, and the next turn begins a new one."""

from appliance.basics.record import replace
from appliance.core import reconnect, tool_calls
from appliance.core.conversation import AT_ONCE, Conversation, Step, Timers
from appliance.core.effects import ForgetSession


def timers(c: Conversation) -> Timers:
    """When it has been quiet for too long, or when what is to be forgotten has been
    answered."""
    if c.turn > c.session.forgotten_through and c.between_turns:
        yield c.active_at + c.limits.forget_after_s, start_new_conversation
    if c.session.ends and c.calm and not tool_calls.holds_audio(c):
        yield AT_ONCE, start_new_conversation


def start_new_conversation(c: Conversation, now: float) -> Step:
    """Forget what was said so far: the next link is another conversation."""
    c = replace(c, session=c.session.forget(c.turn))
    if c.link.is_down:
        return c, (ForgetSession(),)
    c, effects = reconnect.expire(c, now)
    return c, (ForgetSession(), *effects)
