# SPDX-License-Identifier: MIT
"""The journal: one line per turn and per thing that goes wrong, with what to do."""

import logging
from typing import Any

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.advice import advice
from appliance.core.conversation import Conversation
from appliance.core.signals import TABLE, Signal, signal_of
from appliance.core.tokens import Spent
from appliance.service.costs import cost_fields
from appliance.service.moment import Moment
from appliance.service.sections import PricesSection
from appliance.service.turn_meter import TurnMeter
from appliance.service.turn_report import Report

#: MESSAGE_IDs of what is no row of TABLE.
TURN_ID = "fe68353d48de44bbb307554953b5d759"
READY_ID = "7d620af9d69048cfac6c44726ef64430"
LINK_ID = "1451d01c0f704afdbad732ecf409bd1b"
NEW_ID = "986beb53072147f8b4ba85a534e05f13"
MENDED_ID = "d11e738a533e43cea0b80d5b49896588"
FAILED_ID = "fb6cf20255e9453d868dfc9830da4b15"

log = logging.getLogger("appliance")


class LogLines:
    """Looks on, and writes. Threads: the event loop's only."""

    def __init__(
        self, *, transcripts: bool, prices: PricesSection | None = None
    ) -> None:
        self._transcripts = transcripts
        self._prices = prices or PricesSection()
        self._reports = TurnMeter()

    def follow(self, moment: Moment) -> None:
        before, after = moment.before, moment.after
        if after.ready and not before.ready:
            _write(logging.INFO, f"ready: {_how_to_talk(after)}", READY_ID)
        self._link(moment)
        for fault in sorted(after.faults - before.faults, key=lambda f: f.value):
            _write_signal(signal_of(fault), moment)
        for fault in before.faults - after.faults:
            signal = signal_of(fault)
            mended = f"{TABLE[signal].situation}: all well again"
            _write(logging.INFO, mended, MENDED_ID, SITUATION=signal.value)
        if after.mishap and after.mishap is not before.mishap:
            _write_signal(after.mishap, moment)
        for report in self._reports.follow(moment):
            self._turn(report, after.spent)

    def _link(self, moment: Moment) -> None:
        link = moment.after.link
        match moment.event:
            case ev.LinkUp(resumed):
                how = "resumed" if resumed else "up"
                _write(logging.INFO, f"link {how}", LINK_ID, LINK=link.value)
            case ev.LinkLost(None, reason):
                text = f"link lost ({reason}); opening another"
                _write(logging.INFO, text, LINK_ID, LINK=link.value)
        if ef.ForgetSession() in moment.effects:
            text = "a new conversation begins"
            _write(logging.INFO, text, NEW_ID, LINK=link.value)
        stopped = isinstance(moment.event, ev.StopRequested)
        if ef.CloseLink() in moment.effects and not stopped:
            text = "link closed until the next press"
            _write(logging.INFO, text, LINK_ID, LINK=link.value)

    def _turn(self, report: Report, spent: Spent) -> None:
        said = report.words() if self._transcripts else {}
        costs = cost_fields(report.tokens, spent, self._prices)
        fields = report.fields() | costs | said
        _write(logging.INFO, report.line(), TURN_ID, **fields)


def _how_to_talk(c: Conversation) -> str:
    text = advice(Signal.IDLE, c.manner.way)
    return f"{text[0].lower()}{text[1:].rstrip('.')}"


def _write_signal(signal: Signal, moment: Moment) -> None:
    row, turn = TABLE[signal], moment.turn
    because = f" ({moment.reason})" if moment.reason else ""
    what_to_do = advice(signal, moment.after.manner.way)
    text = f"{row.situation}{because}. {what_to_do}"
    of_turn = {"TURN": turn} if turn else {}
    _write(logging.WARNING, text, row.message_id, SITUATION=signal.value, **of_turn)


def _write(level: int, text: str, message_id: str, **fields: Any) -> None:
    log.log(level, "%s", text, extra={"MESSAGE_ID": message_id, **fields})
