# SPDX-License-Identifier: MIT
"""Logging: to journald with structured fields under systemd, else to stderr."""

import logging
import os
import sys
from collections.abc import Callable

from systemd import journal

_PRIORITIES = {
    logging.DEBUG: journal.LOG_DEBUG,
    logging.INFO: journal.LOG_INFO,
    logging.WARNING: journal.LOG_WARNING,
    logging.ERROR: journal.LOG_ERR,
    logging.CRITICAL: journal.LOG_CRIT,
}


class JournalHandler(logging.Handler):
    """Sends each record with its upper-case attributes as journal fields."""

    def __init__(self, send: Callable[..., None] = journal.send) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(
                self.format(record),
                PRIORITY=_PRIORITIES.get(record.levelno, journal.LOG_INFO),
                SYSLOG_IDENTIFIER="voice-appliance",
                LOGGER=record.name,
                **{k: str(v) for k, v in vars(record).items() if k.isupper()},
            )
        except OSError:
            # The journal may be restarting; the box goes on.
            self.handleError(record)


def set_up(level: int = logging.INFO) -> None:
    """Send the log where it belongs."""
    log = logging.getLogger()
    log.setLevel(level)
    if stderr_is_the_journal():
        log.addHandler(JournalHandler())
        # A traceback on stderr would be lines of priority info.
        sys.excepthook = lambda *error: log.critical("crashed", exc_info=error)
        return
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    log.addHandler(to_stderr)


def stderr_is_the_journal() -> bool:
    """man systemd.exec, $JOURNAL_STREAM: device and inode of the stream."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
