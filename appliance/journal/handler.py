# SPDX-License-Identifier: MIT
"""Logging: to journald with structured fields under systemd, else to stderr."""

import logging
import os
import sys
import time
from collections.abc import Callable

from appliance.basics.excerpt import LONGEST_TEXT, one_line, printable
from appliance.core.message_ids import NEVER_THINNED

#: man syslog(3); logging's levels are journald's, but for the numbers.
_LOG_INFO = 6
_PRIORITIES = {
    logging.DEBUG: 7,
    logging.INFO: _LOG_INFO,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}

_HOUR_S = 3600.0
_MOST_REPEATS = 5
_MOST_WORDS = 200
#: The end of a traceback says what failed.
_MOST_TRACEBACK_LINES = 200


class LineFormatter(logging.Formatter):
    """Each message as one line; a traceback below it keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        message, *traceback = super().format(record).splitlines() or [""]
        lines = [message, *traceback[-_MOST_TRACEBACK_LINES:]]
        return "\n".join(printable(line, LONGEST_TEXT) for line in lines)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return one_line(super().formatMessage(record), LONGEST_TEXT)


class JournalHandler(logging.Handler):
    """Sends each record with its upper-case attributes as journal fields."""

    def __init__(self, send: Callable[..., None]) -> None:
        super().__init__()
        self._send = send
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        fields = {k: str(v) for k, v in vars(record).items() if k.isupper()}
        try:
            self._send(
                self.format(record),
                PRIORITY=_PRIORITIES.get(record.levelno, _LOG_INFO),
                SYSLOG_IDENTIFIER="voice-appliance",
                LOGGER=record.name,
                **{k: one_line(v, LONGEST_TEXT) for k, v in fields.items()},
            )
        except OSError:
            # The journal may be restarting; the box goes on.
            self.handleError(record)


class Repeats(logging.Filter):
    """Lets the same words through a few times an hour, so that a fault that comes and
    goes does not bury the others. The outcome of a turn, and what answers an order, is
    always written.

    Threads: any; a line too many does no harm.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        #: Words -> since when they are counted, and how often they came.
        self._said: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        answers = getattr(record, "MESSAGE_ID", "") in NEVER_THINNED
        if answers or hasattr(record, "TURN"):
            return True
        words = one_line(record.getMessage(), LONGEST_TEXT)
        now = self._clock()
        since, times = self._said.pop(words, (now, 0))
        if now - since > _HOUR_S:
            since, times = now, 0
        self._said[words] = since, times + 1
        # Another thread may be here, too: an iterator would fail, a copy cannot.
        for oldest in list(self._said)[:-_MOST_WORDS]:
            self._said.pop(oldest, None)
        if times + 1 == _MOST_REPEATS:
            record.msg, record.args = f"{words} (not said again this hour)", ()
        return times < _MOST_REPEATS


def set_up(level: int = logging.INFO) -> None:
    """Send the log where it belongs."""
    log = logging.getLogger()
    log.setLevel(level)
    if stderr_is_the_journal():
        from systemd import journal

        handler: logging.Handler = JournalHandler(journal.send)
        # A traceback on stderr would be lines of priority info.
        sys.excepthook = lambda *error: log.critical("crashed", exc_info=error)
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(LineFormatter("%(levelname)s: %(message)s"))
    handler.addFilter(Repeats())
    log.addHandler(handler)


def stderr_is_the_journal() -> bool:
    """man systemd.exec, $JOURNAL_STREAM: device and inode of the stream."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
