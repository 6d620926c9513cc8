# SPDX-License-Identifier: MIT
"""Why a link ended, and what follows: by reason text first, by code second."""

import json
import re
import socket
import ssl
from enum import Enum

from appliance.basics.excerpt import one_line
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
    #: What the user is shown, None for a loss that needs no action.
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

#: Words of a reason, in lower case -> what they mean; the first match wins. The service
#: rewords its texts and cuts them at 123 bytes (RFC 6455 §5.5), so a rule names the
#: words of a kind, not a sentence. Money comes first: a text about it may also name the
#: key, the project or the model.
RULES: tuple[tuple[str, Classification], ...] = (
    (r"spending (cap|limit)|\bcredits?\b|prepa(id|y)|past due|\bpayment", _BILLING),
    (r"quota|resource.?exhausted|rate.?limit|too many (requests|sessions)", _QUOTA),
    (r"\bbilling", _BILLING),
    (
        r"session (is |was |has )?(not found|expired)|(resumption|session) handle",
        _FRESH,
    ),
    (r"\b(location|region|country)\b.*(not|un)\W*(supported|available)", _REFUSED),
    (r"(not|un)\W*(supported|available) .*\b(location|region|country)\b", _REFUSED),
    (
        r"api[ _]?keys?\b|\bcredentials?\b|unregistered caller|caller('s)? identity",
        _KEY,
    ),
    (r"(un|not )authenticated|authentication|unauthori[sz]ed|not authori[sz]ed", _KEY),
    (r"permission|access (is |was )?denied|denied access|forbidden", _KEY),
    (r"\b(has been|is|was) (suspended|disabled|blocked|restricted|deleted)", _KEY),
    (r"requests? (from|to) .*\bblocked|has not been used in project", _KEY),
    (r"internal error", _ONCE),
    (r"failed to close|goaway|operation was aborted", _RETRY),
    (r"unavailable|overloaded|high demand|try again|deadline|timed? ?out", _RETRY),
    (r"precondition check failed|\bcancell?ed\b", _RETRY),
    (r"\bmodels?/|\bmodel\b.*\b(not (found|exist|available)|retired|shut)", _REFUSED),
    (r"bidigeneratecontent|(not|un)\W*supported|is not found|not exist", _REFUSED),
    (r"unknown name|invalid (json|value)|cannot find field|deprecated", _REFUSED),
    (r"requested entity was not found|invalid argument", _FRESH),
)
_RULES = tuple((re.compile(words), verdict) for words, verdict in RULES)

#: Close code -> verdict, for a reason without such words: what the service is asked
#: for, or what the session holds, is not to its liking.
CODES: dict[int | None, Classification] = {1007: _FRESH, 1008: _FRESH}

#: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED (x509_vfy.h).
_OUT_OF_DATE = (9, 10)

#: HTTP status of a refused upgrade that says nothing of itself: a proxy, a captive
#: portal, an outage. 403 is what a front end says of an address it dislikes.
STATUSES: dict[int, Classification] = {
    400: _REFUSED,
    401: _KEY,
    404: _REFUSED,
    429: _QUOTA,
}
#: A longer body is no error of the service, but a page.
_MOST_BODY_BYTES = 16_384


def classify(code: int | None, reason: str) -> Classification:
    """What a close frame means, code None for a link that broke without one.

    The reason says more than the code: 1007, 1008 and 1011 each come with fatal
    reasons and with passing ones. What is unknown may be tried again.
    """
    return _by_words(reason) or CODES.get(code, _RETRY)


def classify_status(status: int, body: bytes = b"") -> Classification:
    """What a refused upgrade means. Its body counts where it is an error of the
    service: the words of a web page are anybody's."""
    return _by_words(error_text(body)) or STATUSES.get(status, _OFFLINE)


def error_text(body: bytes) -> str:
    """The message of a JSON error as Google's services and gateways write it:
    {"error": {"message": ..., "status": ...}}, {"error": "..."}, or a list of one; ""
    for anything else."""
    if len(body) > _MOST_BODY_BYTES:
        return ""
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(decoded, list):
        decoded = decoded[0] if decoded else None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if isinstance(error, dict):
        said = (error.get(key) for key in ("message", "status"))
        return " ".join(text for text in said if isinstance(text, str))
    return error if isinstance(error, str) else ""


def _by_words(text: str) -> Classification | None:
    # What is longer is cut: a rule may look at each word many times.
    lower = text[:1000].lower()
    return next((verdict for words, verdict in _RULES if words.search(lower)), None)


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
    line = f"{code or 'no close frame'} {one_line(reason)}".strip()
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
