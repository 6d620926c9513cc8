# SPDX-License-Identifier: MIT
"""Why a link ended, and what follows: by reason text first, by code second."""

import json
import re
import socket
import ssl
from enum import Enum
from typing import Any

from appliance.basics.excerpt import one_line
from appliance.basics.record import Struct
from appliance.core.signals import Fault


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
    #: The same if the link was never up: then something must be shown.
    unopened: Fault = Fault.NETWORK


class SessionEnd(Struct, frozen=True):
    """How a session ended."""

    verdict: Classification
    #: One line for the journal.
    reason: str


_RETRY = Classification(Next.RETRY)
#: An unknown text: the network is not to blame, and the journal has the text.
_UNKNOWN = Classification(Next.RETRY, unopened=Fault.REFUSED)
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

_STOPPED = (
    "(suspended|disabled|deactivated|terminated|closed|banned|blocked|restricted|"
    "deleted|revoked|locked|frozen|inactive)"
)
_CONTENT = r"\b(prompt|content|response|candidate|answer|audio|input|output)s?\b"
_MONEY = (
    r"spending (cap|limit)|\bcredits?\b|prepa(id|y)|past due|\bpayment|\bunpaid\b|"
    r"\bbalance\b|\bfunds?\b|invoic|subscri(be|ption)|\btrial\b|"
    r"\bfree (tier|plan)\b.*\b(exhausted|used|ended|over|expired|not available)\b"
)
_TOKEN = (
    r"\b(access|auth\w*|bearer|id|identity|security|refresh|jwt) tokens?\b|"
    r"\btoken (has |is |was |been )*(expired|invalid|revoked|missing|malformed)|"
    r"\b(invalid|expired|revoked|missing) token\b"
)
_PASSING = (
    r"unavailable|overload|high demand|\bbusy\b|maintenance|restart|temporar|"
    r"try again|deadline|timed? ?out|gateway|upstream|shutting down|going away|"
    r"connection (was )?(reset|closed)|protocol error|precondition check failed|"
    r"\bcancell?ed\b"
)

#: Words of a reason, as `plain` writes it -> what they mean; the first match wins. The
#: service rewords its texts and cuts them at 123 bytes (RFC 6455 §5.5), so a rule names
#: the words of a kind, not a sentence. Money comes first: a text about it may also name
#: the key, the project or the model.
RULES: tuple[tuple[str, Classification], ...] = (
    (_MONEY, _BILLING),
    (r"quota|resource ?exhausted|rate ?limit|throttl|slow down", _QUOTA),
    (r"too many (\w+ )?(requests|calls|sessions|connections|users)", _QUOTA),
    (r"\b(requests?|calls?|tokens?|sessions?) per (day|hour|minute|second)", _QUOTA),
    (r"\bbilling", _BILLING),
    (r"\bproxy\b|captive portal|firewall|blocked by (your|the|a) network", _RETRY),
    (
        r"session (is |was |has )?(not found|expired)|(resumption|session) handle",
        _FRESH,
    ),
    (r"context (window|length)|\btoken count\b", _FRESH),
    (r"(session|connection) (duration|lifetime)|time limit|\bidle\b", _RETRY),
    (r"\b(location|region|country)\b.*(not|un)\W*(supported|available)", _REFUSED),
    (r"(not|un)\W*(supported|available) .*\b(location|region|country)\b", _REFUSED),
    (r"\b(access|permission)\b.* models?\b|\bmodel\b.*\b(access|permission)", _REFUSED),
    (r"requests? to this api|requests? (from|to) .*\bblocked|not been used in", _KEY),
    (rf"{_CONTENT}.*\b(blocked|filtered|flagged|prohibited|rejected|violat)", _FRESH),
    (r"\bapi ?keys?\b|\bkey (is )?(in|not )valid|\bcredentials?\b", _KEY),
    (r"unregistered caller|caller('s)? identity", _KEY),
    (_TOKEN, _KEY),
    (r"(un|not )authenticated|authentication|(un|not )authori[sz]ed", _KEY),
    (r"permission|access (is |was )?denied|denied access|forbidden", _KEY),
    (r"access (is )?not configured|\bnot allowed to\b", _KEY),
    (
        r"\b(account|project|consumer|organi[sz]ation|customer|user|key)s?\b.*\b"
        + _STOPPED,
        _KEY,
    ),
    (rf"\bapi\b.* (is|was|has been) {_STOPPED}", _KEY),
    (r"internal (server )?error", _ONCE),
    (r"failed to close|go ?away|operation was aborted", _RETRY),
    (
        r"capacity|too (large|big|long)|\b(message|frame|payload|body) (size|with)",
        _RETRY,
    ),
    (r"\b(limit|maximum|allowance)s?\b.*\b(reached|exceeded|hit|used)\b", _QUOTA),
    (r"\bexceed\w* .*\b(limit|maximum|allowance)s?\b|\bconcurrent\b", _QUOTA),
    (_PASSING, _RETRY),
    (r"\bmodels?/|\bmodel\b.*\b(not (found|exist|available)|retired|shut)", _REFUSED),
    (r"\bmodel\b.*\b(discontinued|no longer)|\b(unknown|invalid) model\b", _REFUSED),
    (r"bidi ?generate ?content|(not|un)\W*supported|is not found|not exist", _REFUSED),
    (r"unknown name|invalid (json|value)|cannot find field|deprecated", _REFUSED),
    (r"requested entity was not found|invalid argument", _FRESH),
    (r"\bpolicy\b|\bsafety\b", _FRESH),
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
    402: _BILLING,
    404: _REFUSED,
    429: _QUOTA,
}
#: The same for an error object: also the codes of gRPC (google/rpc/code.proto).
_ERROR_CODES = STATUSES | {7: _KEY, 8: _QUOTA, 14: _RETRY, 16: _KEY, 403: _KEY}
#: A longer body is no error of the service, but a page.
_MOST_BODY_BYTES = 16_384
_CODE = re.compile(r"\Acode ([0-9]{1,3})\b")
_WORD_STARTS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def classify(code: int | None, reason: str) -> Classification:
    """What a close frame means, code None for a link that broke without one, or for an
    error object.

    The reason says more than the code: 1007, 1008 and 1011 each come with fatal
    reasons and with passing ones. What is unknown may be tried again.
    """
    unknown = _UNKNOWN if reason.strip() else _RETRY
    return _by_words(reason) or CODES.get(code, unknown)


def classify_status(status: int, body: bytes = b"") -> Classification:
    """What a refused upgrade means. Its body counts where it is an error of the
    service: the words of a web page are anybody's."""
    text = error_text(body)
    unknown = Classification(Next.RETRY, Fault.REFUSED) if text else _OFFLINE
    return _by_words(text) or STATUSES.get(status, unknown)


def describe_refusal(status: int, body: bytes) -> str:
    """One line for the journal."""
    text = error_text(body).removeprefix(f"code {status}")
    return f"HTTP {status} {one_line(text)}".strip()


def error_text(body: bytes) -> str:
    """What `error_words` says of a JSON error in the body of an HTTP answer:
    {"error": ...}, the error alone, or a list of one; "" for anything else."""
    if len(body) > _MOST_BODY_BYTES:
        return ""
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(decoded, list):
        decoded = decoded[0] if decoded else None
    if not isinstance(decoded, dict):
        return ""
    return error_words(decoded.get("error", decoded))


def error_words(error: Any) -> str:
    """The code and the words of an error object as Google's services and gateways
    write it, `code 429 Too much. RESOURCE_EXHAUSTED`; "" if it has none.

    The words: {"message": ..., "status": ..., "details": [{"reason": ...}]}, or a text.
    """
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    first = details[0] if isinstance(details, list) and details else None
    reason = first.get("reason") if isinstance(first, dict) else None
    said = [error.get(name) for name in ("message", "detail", "status", "type", "code")]
    words = [text for text in (*said, reason) if isinstance(text, str)]
    code = error.get("code")
    if type(code) is int and 0 <= code < 1000:
        words = [f"code {code}", *words]
    return " ".join(words)


def plain(text: str) -> str:
    """The beginning of `text` as the rules expect it: words in lower case, also those
    of rateLimitExceeded and API_KEY_INVALID."""
    # What is longer is cut: a rule may look at each word many times.
    words = _WORD_STARTS.sub(" ", text[:1000]).replace("_", " ").replace("-", " ")
    return " ".join(words.lower().split())


def _by_words(text: str) -> Classification | None:
    words = plain(text)
    known = next((verdict for rule, verdict in _RULES if rule.search(words)), None)
    code = _CODE.match(words)
    return known or (_ERROR_CODES.get(int(code[1])) if code else None)


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
    if loss.verdict == _FRESH:
        return SessionEnd(_REFUSED, loss.reason)
    return SessionEnd(Classification(Next.RETRY, loss.verdict.unopened), loss.reason)


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
