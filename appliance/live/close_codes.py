# SPDX-License-Identifier: MIT
"""Why a link ended, and what follows: by reason text first, by code second."""

import socket
import ssl
from enum import Enum

from appliance.basics.record import Struct
from appliance.core.signals import Fault

_BACK_OFF_S = (0.5, 30.0)


class Next(Enum):
    """What to do after a link ended."""

    RETRY = "retry"  # with the handle
    RETRY_ONCE = "retry once"  # with the handle, the next time without it
    RETRY_FRESH = "retry fresh"  # without it
    BACK_OFF = "back off"  # not before half a minute
    FATAL = "fatal"  # not before a press


class Classification(Struct, frozen=True):
    next: Next
    #: What the user is shown, None for a loss that mends itself.
    fault: Fault | None = None


class SessionEnd(Struct, frozen=True):
    """How a session ended."""

    verdict: Classification
    #: One line for the journal.
    reason: str


_RETRY = Classification(Next.RETRY)
_ONCE = Classification(Next.RETRY_ONCE)
_FRESH = Classification(Next.RETRY_FRESH)
_OFFLINE = Classification(Next.RETRY, Fault.NETWORK)
_QUOTA = Classification(Next.BACK_OFF, Fault.QUOTA)
_BILLING = Classification(Next.FATAL, Fault.QUOTA)
_KEY = Classification(Next.FATAL, Fault.KEY)
_REFUSED = Classification(Next.FATAL, Fault.REFUSED)

#: Of the recipe of 2025; "use audio instead" is said to programmers.
_DEPRECATED = "media_chunks is deprecated"
_DIALECT = (
    " This server does not speak the recipe of 2025: set another [turns] mode, or, if "
    "it is the simulator, start it as `voice-appliance simulate --dialect 2025`"
)

#: Part of the reason, in lower case -> verdict; the first match wins. The service cuts
#: reasons at 123 bytes (RFC 6455 §5.5).
REASONS: tuple[tuple[str, Classification], ...] = (
    ("api key not valid", _KEY),
    ("api key expired", _KEY),
    ("unregistered callers", _KEY),
    ("user location is not supported", _REFUSED),
    ("spending cap", _BILLING),
    ("resource_exhausted", _QUOTA),
    ("exceeded your current quota", _QUOTA),
    ("session not found", _FRESH),
    ("requested entity was not found", _FRESH),
    ("is not found for api version", _REFUSED),
    ("is not supported for bidigeneratecontent", _REFUSED),
    ("unknown name", _REFUSED),
    ("invalid json payload", _REFUSED),
    ("unsupported language code", _REFUSED),
    (_DEPRECATED, _REFUSED),
    ("not supported", _REFUSED),
    ("invalid argument", _FRESH),
    ("precondition check failed", _RETRY),
    ("receiving a goaway", _RETRY),
    ("operation was aborted", _RETRY),
    ("internal error", _ONCE),
    ("currently unavailable", _RETRY),
    ("deadline expired", _RETRY),
    ("keepalive ping timeout", _RETRY),
)

#: Close code -> verdict, for a reason that is not in the table: what the service is
#: asked for, or what the session holds, is not to its liking.
CODES: dict[int | None, Classification] = {1007: _FRESH, 1008: _FRESH}

#: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED (x509_vfy.h).
_OUT_OF_DATE = (9, 10)

#: HTTP status of a refused upgrade: a proxy, a captive portal, an outage.
STATUSES: dict[int, Classification] = {
    400: _REFUSED,
    401: _KEY,
    403: _KEY,
    404: _REFUSED,
    429: _QUOTA,
}


def classify(code: int | None, reason: str) -> Classification:
    """What a close frame means, None for a link that broke without one.

    The reason says more than the code: 1007, 1008 and 1011 each come with fatal
    reasons and with passing ones. What is unknown may be tried again.
    """
    text = reason.lower()
    for part, verdict in REASONS:
        if part in text:
            return verdict
    return CODES.get(code, _RETRY)


def classify_status(status: int) -> Classification:
    """What a refused upgrade means."""
    return STATUSES.get(status, _OFFLINE)


def classify_failure(error: OSError) -> Classification:
    """What it means that no link could be opened.

    A Pi has no clock of its own: until the network time is there, every certificate
    is "not yet valid"; with a clock far ahead, each has expired.
    """
    if (
        isinstance(error, ssl.SSLCertVerificationError)
        and error.verify_code in _OUT_OF_DATE
    ):
        return Classification(Next.RETRY, Fault.CLOCK)
    return _OFFLINE


def unopened(loss: SessionEnd, *, resumed: bool) -> SessionEnd:
    """How a session ended that was never set up.

    With a handle it may have been the handle: try without one, and say nothing yet.
    Without one, the user must know that there is no link; a fresh session that is
    refused has nothing left to leave out.
    """
    if loss.verdict.fault:
        return loss
    if resumed:
        return SessionEnd(_FRESH, loss.reason)
    return SessionEnd(_REFUSED if loss.verdict == _FRESH else _OFFLINE, loss.reason)


def back_off_s(next_: Next, failed_attempts: int, jitter: float) -> float | None:
    """How long to wait before the next attempt, None for until somebody asks.

    Full jitter: a random part (`jitter`, 0..1) of a limit that doubles.
    """
    first, most = _BACK_OFF_S
    if next_ is Next.FATAL:
        return None
    if next_ is Next.BACK_OFF:
        return most
    return min(most, first * 2.0 ** min(failed_attempts - 1, 16)) * jitter


def describe_close(code: int | None, reason: str) -> str:
    """One line for the journal."""
    line = f"{code or 'no close frame'} {reason}".strip()
    return line + _DIALECT if _DEPRECATED in reason.lower() else line


def describe_failure(error: OSError) -> str:
    """One line for the journal."""
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    return str(error) or type(error).__name__
