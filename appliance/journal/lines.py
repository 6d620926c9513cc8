# SPDX-License-Identifier: MIT
"""The journal: one line for each turn and each failure, with what to do."""

import logging
from typing import Any

from appliance.config.sections import PricesSection
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.advice import advice
from appliance.core.conversation import Conversation
from appliance.core.message_ids import (
    LINK_ID,
    MENDED_ID,
    NEW_ID,
    READY_ID,
    TURN_ID,
)
from appliance.core.signals import TABLE, Signal, signal_of
from appliance.core.tokens import Spent
from appliance.journal.transition import Transition
from appliance.journal.turn_report import Report, turn_fields

#: The texts of an outage that are told: a fault is no flood.
_MOST_REASONS = 10

log = logging.getLogger("appliance")


class LogLines:
    """Writes what each transition calls for. Threads: the event loop's only."""

    def __init__(
        self, *, transcripts: bool, prices: PricesSection | None = None
    ) -> None:
        self._transcripts = transcripts
        self._prices = prices or PricesSection()
        #: Why there is no link, as far as it was told since the last one.
        self._told: set[str] = set()

    def follow(self, transition: Transition) -> None:
        before, after = transition.before, transition.after
        if after.ready and not before.ready:
            _write(logging.INFO, f"ready: {_how_to_talk(after)}", READY_ID)
        self._link(transition)
        for fault in sorted(after.faults - before.faults, key=lambda f: f.value):
            _write_signal(signal_of(fault), transition)
        for fault in before.faults - after.faults:
            signal = signal_of(fault)
            text = f"{TABLE[signal].situation}: working again"
            _write(logging.INFO, text, MENDED_ID, SITUATION=signal.value)
        if after.mishap and after.mishap is not before.mishap:
            _write_signal(after.mishap.signal, transition)
        for report in transition.reports:
            self._turn(report, after.budget.spent)

    def _link(self, transition: Transition) -> None:
        link = transition.after.link.state.value
        match transition.event:
            case ev.LinkUp(resumed):
                how = "resumed" if resumed else "up"
                _write(logging.INFO, f"link {how}", LINK_ID, LINK=link)
                self._told.clear()
            case ev.LinkLost(None, reason):
                text = f"link lost ({reason}); opening another"
                _write(logging.INFO, text, LINK_ID, LINK=link)
            case ev.LinkLost(fault, reason) if fault:
                known = reason in self._told or len(self._told) >= _MOST_REASONS
                if not known and fault in transition.before.faults:
                    text = f"still no link ({reason})"
                    _write(logging.INFO, text, LINK_ID, LINK=link)
                if not known:
                    self._told.add(reason)
        if ef.ForgetSession() in transition.effects:
            text = "a new conversation begins"
            _write(logging.INFO, text, NEW_ID, LINK=link)
        stopped = isinstance(transition.event, ev.StopRequested)
        if ef.CloseLink() in transition.effects and not stopped:
            text = "link closed until the next press"
            _write(logging.INFO, text, LINK_ID, LINK=link)

    def _turn(self, report: Report, spent: Spent) -> None:
        transcripts = self._transcripts
        fields = turn_fields(report, spent, self._prices, transcripts=transcripts)
        _write(logging.INFO, report.line(), TURN_ID, **fields)


def _how_to_talk(c: Conversation) -> str:
    text = advice(Signal.IDLE, c.talk.mode)
    return f"{text[0].lower()}{text[1:].rstrip('.')}"


def _write_signal(signal: Signal, transition: Transition) -> None:
    row, turn = TABLE[signal], transition.turn
    because = f" ({transition.reason})" if transition.reason else ""
    what_to_do = advice(signal, transition.after.talk.mode)
    text = f"{row.situation}{because}. {what_to_do}"
    of_turn = {"TURN": turn} if turn else {}
    _write(logging.WARNING, text, row.message_id, SITUATION=signal.value, **of_turn)


def _write(level: int, text: str, message_id: str, **fields: Any) -> None:
    log.log(level, "%s", text, extra={"MESSAGE_ID": message_id, **fields})
