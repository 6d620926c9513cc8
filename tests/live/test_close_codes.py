# SPDX-License-Identifier: MIT
"""Every way in which a link is known to end, and what the box makes of it."""

import errno
import json
import re
import socket
import ssl

import pytest

from appliance.core.signals import Fault
from appliance.live import close_codes
from appliance.live.close_codes import Classification, Next, SessionEnd

NETWORK = Classification(Next.RETRY, Fault.NETWORK)
RETRY = Classification(Next.RETRY)
UNKNOWN = Classification(Next.RETRY, unopened=Fault.REFUSED)
ASKED_AGAIN = Classification(Next.RETRY, Fault.REFUSED)
ONCE = Classification(Next.RETRY_ONCE)
FRESH = Classification(Next.RETRY_FRESH)
KEY = Classification(Next.FATAL, Fault.KEY)
QUOTA = Classification(Next.BACK_OFF, Fault.QUOTA)
BILLING = Classification(Next.FATAL, Fault.QUOTA)
REFUSED = Classification(Next.FATAL, Fault.REFUSED)

#: What the service was seen to say; where only a part was noted, made whole.
SEEN = [
    (1007, "API key not valid. Please pass a valid API key.", KEY),
    (1007, "API key expired. Please renew the API key.", KEY),
    (1007, "User location is not supported for the API use.", REFUSED),
    (
        1007,
        'Invalid JSON payload received. Unknown name "responseModalities" at '
        "'setup': Cannot find field.",
        REFUSED,
    ),
    (1007, "Invalid JSON payload received. Unexpected token.", REFUSED),
    (1007, "Thinking level is not supported for this model.", REFUSED),
    (1007, "Proactivity is not supported for this model.", REFUSED),
    (1007, "TEXT response modality is not supported for this model.", REFUSED),
    (1007, "Scheduling is not supported for BLOCKING functions.", REFUSED),
    (
        1007,
        "Unsupported language code 'de-AT' for model models/gemini-3.8-live",
        REFUSED,
    ),
    (
        1007,
        "Explicit activity control is not supported when automatic activity detection "
        "is enabled.",
        REFUSED,
    ),
    (
        1007,
        "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.",
        REFUSED,
    ),
    (1007, "Precondition check failed.", RETRY),
    (1007, "Request contains an invalid argument.", FRESH),
    (
        1008,
        "Method doesn't allow unregistered callers (callers without established "
        "identity). Please use API Key or other form of API consumer identity to call "
        "this API.",
        KEY,
    ),
    (
        1008,
        "models/gemini-2.0-flash-exp is not found for API version v1beta, or is not "
        "supported for bidiGenerateContent. Call ListModels to see the list of "
        "available models and their supported methods.",
        REFUSED,
    ),
    (
        1008,
        "models/gemini-3.8-pro is not supported for bidiGenerateContent.",
        REFUSED,
    ),
    (1008, "BidiGenerateContent session not found", FRESH),
    (
        1008,
        "Connection aborted because the client failed to close the connection after "
        "receiving a GoAway signal once the session duration limit was reached.",
        RETRY,
    ),
    (1008, "The operation was aborted.", RETRY),
    (1008, "Requested entity was not found.", FRESH),
    (1011, "Internal error encountered.", ONCE),
    (1011, "Internal error occurred.", ONCE),
    (1011, "The service is currently unavailable.", RETRY),
    (1011, "Deadline expired before operation could complete.", RETRY),
    (1011, "RESOURCE_EXHAUSTED", QUOTA),
    (
        1011,
        "You exceeded your current quota, please check your plan and billing details. "
        "For more information on this error, read the docs on rate limits.",
        QUOTA,
    ),
    (
        1011,
        "RESOURCE_EXHAUSTED: the project reached its monthly spending cap. Raise it "
        "under billing to go on, or wait for the month to end.",
        BILLING,
    ),
    (1011, "keepalive ping timeout", RETRY),
    (1000, "", RETRY),
    (1001, "going away", RETRY),
    (None, "", RETRY),
]
#: Of a kind that was seen, in words that were not: the service rewords its texts.
OF_A_KIND = [
    (
        1011,
        "Your prepayment credits are depleted. Please go to AI Studio at https://ai.stu"
        "dio/projects to manage your project and billing.",
        BILLING,
    ),
    (1008, "Your prepaid balance is used up", BILLING),
    (1011, "No credits left: add a payment method", BILLING),
    (1008, "This API method requires billing to be enabled on project #1.", BILLING),
    (1011, "The account is past due", BILLING),
    (1008, "Quota exceeded for quota metric 'Live sessions'", QUOTA),
    (1011, "Resource has been exhausted (e.g. check quota).", QUOTA),
    (1013, "Too many requests: slow down", QUOTA),
    (1008, "Your API key was reported as leaked. Please use another API key.", KEY),
    (1007, "API Key not found. Please pass a valid API key.", KEY),
    (1008, "Permission denied: Consumer 'api_key:x' has been suspended.", KEY),
    (1008, "Requests from referer <empty> are blocked.", KEY),
    (1008, "Requests to this API generativelanguage.googleapis.com are blocked.", KEY),
    (1008, "The provided API key has an IP address restriction.", KEY),
    (1008, "Generative Language API has not been used in project 7 before", KEY),
    (1008, "Your project has been denied access. Please contact support.", KEY),
    (1008, "The caller does not have permission", KEY),
    (1008, "The key was deleted", KEY),
    (1007, "Request had invalid authentication credentials.", KEY),
    (1008, "API keys are not supported by this API. Expected OAuth2 access token", KEY),
    (1008, "Gemini is not available in your country.", REFUSED),
    (1007, "Your region is not supported", REFUSED),
    (1008, "The model gemini-9 does not exist", REFUSED),
    (1008, "models/gemini-2 was retired", REFUSED),
    (1011, "The model is overloaded. Please try again later.", RETRY),
    (1011, "This model is currently experiencing high demand.", RETRY),
    (1011, "Request timed out", RETRY),
    (1008, "The session has expired", FRESH),
    (1007, "Invalid value at 'setup.generation_config'", REFUSED),
]
#: Google's other services, gateways, proxies and portals, in their words.
OF_OTHERS = [
    (1011, "Your account balance is too low to access the API.", BILLING),
    (1008, "Insufficient funds", BILLING),
    (1008, "Free tier is exhausted", BILLING),
    (1008, "Gemini API free tier is not available in your country.", BILLING),
    (1008, "Your trial has ended", BILLING),
    (1008, "Please enable invoicing", BILLING),
    (1008, "An active subscription is required", BILLING),
    (1011, "BILLING_DISABLED", BILLING),
    (1008, "insufficient_quota", QUOTA),
    (1011, "Limit of concurrent sessions reached", QUOTA),
    (1011, "Maximum number of connections exceeded", QUOTA),
    (1008, "Daily limit reached", QUOTA),
    (1008, "Daily limit reached, try again tomorrow", QUOTA),
    (1011, "You have exceeded your monthly allowance", QUOTA),
    (1013, "Request was throttled. Expected available in 8 seconds.", QUOTA),
    (1008, "Too many concurrent connections from this address", QUOTA),
    (1008, "Only 60 requests per minute are allowed", QUOTA),
    (1008, "Access token expired", KEY),
    (1008, "The OAuth token has expired", KEY),
    (1007, "invalid_token", KEY),
    (1008, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", KEY),
    (1008, "Account terminated", KEY),
    (1008, "Your organization has been banned", KEY),
    (1008, "This user was deactivated", KEY),
    (1007, "API_KEY_INVALID", KEY),
    (1008, "SERVICE_DISABLED: this API is disabled", KEY),
    (1008, "The key is not valid", KEY),
    (1008, "This caller is not allowed to open a session", KEY),
    (
        1008,
        "Requests to this API generativelanguage.googleapis.com method google.ai."
        "generativelanguage.v1beta.GenerativeService.BidiGenerateContent are blocked.",
        KEY,
    ),
    (1008, "Access Not Configured", KEY),
    (1008, "Unregistered callers are not served", KEY),
    (1008, "UNAUTHENTICATED", KEY),
    (1008, "Unauthorized", KEY),
    (1008, "Access to model x denied", REFUSED),
    (1008, "You do not have access to the model gemini-4", REFUSED),
    (1008, "The model gemini-2 is no longer offered", REFUSED),
    (1008, "Unknown model", REFUSED),
    (1011, "Server is at capacity", RETRY),
    (1011, "We are at maximum capacity", RETRY),
    (1011, "Server busy", RETRY),
    (1011, "Down for maintenance", RETRY),
    (1011, "no healthy upstream", RETRY),
    (1011, "Bad Gateway", RETRY),
    (1008, "Time limit exceeded", RETRY),
    (1008, "Maximum session duration exceeded", RETRY),
    (1008, "Proxy authentication required", RETRY),
    (1008, "Blocked by your network's firewall", RETRY),
    (1009, "Message size exceeds the limit", RETRY),
    (1009, "frame with 17825862 bytes exceeds limit of 16777216 bytes", RETRY),
    (1002, "protocol error", RETRY),
    (1009, "frame too large", RETRY),
    (1012, "service restart", RETRY),
    (1011, "500 Internal Server Error", ONCE),
    (1008, "The prompt was blocked", FRESH),
    (1011, "Response was blocked for safety reasons", FRESH),
    (1011, "The input audio was flagged", FRESH),
    (1007, "The input token count exceeds the maximum number of tokens", FRESH),
    (1011, "Content policy violation", FRESH),
    (1011, "Against our safety guidelines", FRESH),
]
#: What nobody has seen yet.
UNSEEN = [
    (1007, "Requested voice 'Caruso' is not available for this model", FRESH),
    (1007, "", FRESH),
    (1008, "The tools of this model are against the policy", FRESH),
    (1008, "", FRESH),
    (1011, "", RETRY),
    (4999, "who knows", UNKNOWN),
    (1000, "Bonjour", UNKNOWN),
]


def on_the_wire(reason):
    """Cut at 123 bytes (RFC 6455 §5.5), as a close frame has it."""
    return reason.encode()[:123].decode(errors="ignore")


@pytest.mark.parametrize(
    ("code", "reason", "verdict"), SEEN + OF_A_KIND + OF_OTHERS + UNSEEN
)
def test_a_close_frame_means_what_the_table_says(code, reason, verdict):
    assert close_codes.classify(code, reason) == verdict
    assert close_codes.classify(code, on_the_wire(reason)) == verdict
    assert close_codes.classify(code, reason.upper()) == verdict


@pytest.mark.parametrize(("code", "reason", "verdict"), SEEN)
def test_a_known_reason_outweighs_the_code(code, reason, verdict):
    if reason and code not in (1000, 1001):
        assert close_codes.classify(1000, reason) == verdict
        assert close_codes.classify(1007, reason) == verdict


def test_every_rule_decides_about_something_that_is_known():
    deciding = set()
    for _, text, _ in SEEN + OF_A_KIND + OF_OTHERS:
        for words, _ in close_codes.RULES:
            if re.search(words, close_codes.plain(text)):
                deciding.add(words)
                break
    assert [words for words, _ in close_codes.RULES if words not in deciding] == []


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("dailyLimitExceeded", QUOTA),
        ("userRateLimitExceeded", QUOTA),
        ("keyInvalid", KEY),
        ("accessNotConfigured", KEY),
        ("insufficientBalance", BILLING),
    ],
)
def test_words_that_are_written_as_one_are_read(text, verdict):
    assert close_codes.classify(None, text) == verdict


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, NETWORK),
        (302, NETWORK),
        (400, REFUSED),
        (401, KEY),
        (402, BILLING),
        (403, NETWORK),
        (404, REFUSED),
        (407, NETWORK),
        (429, QUOTA),
        (500, NETWORK),
        (502, NETWORK),
        (503, NETWORK),
        (504, NETWORK),
        (511, NETWORK),
    ],
)
def test_a_refused_upgrade_means_what_the_table_says(status, verdict):
    assert close_codes.classify_status(status) == verdict


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (403, {"error": {"message": "API key not valid.", "status": "X"}}, KEY),
        (400, [{"error": {"message": "API Key not found.", "code": 400}}], KEY),
        (403, {"error": {"status": "PERMISSION_DENIED"}}, KEY),
        (503, {"error": "no credits left"}, BILLING),
        (404, {"error": {"message": "what is this"}}, REFUSED),
        (403, {"error": {"message": "what is this"}}, ASKED_AGAIN),
        (503, {"error": {"code": 429}}, QUOTA),
        (500, {"error": {"code": 8}}, QUOTA),
        (500, {"error": {"code": "insufficient_quota"}}, QUOTA),
        (403, {"error": {"code": 401, "message": "what is this"}}, KEY),
        (500, {"error": {"code": 14}}, RETRY),
        (403, {"error": {"details": [{"reason": "API_KEY_INVALID"}]}}, KEY),
        (403, {"message": "Forbidden"}, KEY),
        (403, {"detail": "Rate limit exceeded"}, QUOTA),
        (403, {"error": {"code": True, "details": [7]}}, NETWORK),
        (403, {"error": {"code": 10**30, "details": {}}}, NETWORK),
        (403, {"error": [1]}, NETWORK),
        (403, ["error"], NETWORK),
        (403, [], NETWORK),
        (502, 7, NETWORK),
    ],
)
def test_an_error_in_the_body_of_a_refusal_says_what_is_wrong(status, body, verdict):
    assert close_codes.classify_status(status, json.dumps(body).encode()) == verdict


@pytest.mark.parametrize(
    "body",
    [
        b"<html>You don't have permission: this API key is unknown.</html>",
        b'{"error": "no permission", "padding": "' + b"x" * 20_000 + b'"}',
        b"[" * 10_000,
        b"\xff\xfe",
    ],
)
def test_a_web_page_is_not_the_word_of_the_service(body):
    assert close_codes.classify_status(403, body) == NETWORK


def test_what_the_service_says_reaches_the_journal_as_one_line_without_the_key():
    reason = "Consumer 'api_key:AIza" + 20 * "x" + "' has been\x1b[2J\nsuspended"
    line = close_codes.describe_close(1008, reason)
    assert line == "1008 Consumer 'api_key:AIza***' has been [2J suspended"
    assert len(close_codes.describe_close(1011, "long " * 1000)) < 320


def test_the_status_of_a_refusal_is_told_once():
    body = b'{"error": {"code": 429, "message": "Too much"}}'
    assert close_codes.describe_refusal(429, body) == "HTTP 429 Too much"
    assert close_codes.describe_refusal(503, body) == "HTTP 503 code 429 Too much"
    assert close_codes.describe_refusal(503, b"<html>") == "HTTP 503"


def certificate_error(code, message):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


NOT_YET = certificate_error(9, "certificate is not yet valid")
UNKNOWN_CA = certificate_error(20, "unable to get local issuer certificate")
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
REFUSED_PORT = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed")


@pytest.mark.parametrize(
    ("error", "fault", "line"),
    [
        (
            NOT_YET,
            Fault.CLOCK,
            "the certificate is not accepted (certificate is not yet valid)",
        ),
        (
            UNKNOWN_CA,
            Fault.NETWORK,
            "the certificate is not accepted (unable to get local issuer certificate)",
        ),
        (
            NO_NAME,
            Fault.NETWORK,
            "the name cannot be resolved (Name or service not known)",
        ),
        (REFUSED_PORT, Fault.NETWORK, "[Errno 111] Connect call failed"),
        (TimeoutError(), Fault.NETWORK, "no answer in time"),
        (TimeoutError("timed out"), Fault.NETWORK, "timed out"),
        (ConnectionResetError(), Fault.NETWORK, "ConnectionResetError"),
        (
            ssl.SSLError(1, "[SSL] wrong version number"),
            Fault.NETWORK,
            "[SSL] wrong version number",
        ),
    ],
)
def test_a_link_that_cannot_be_opened_is_tried_again_and_explained(error, fault, line):
    assert close_codes.classify_failure(error) == Classification(Next.RETRY, fault)
    assert close_codes.describe_failure(error).endswith(line)
    assert "\n" not in close_codes.describe_failure(error)


@pytest.mark.parametrize(
    ("verdict", "resumed", "fresh"),
    [
        (RETRY, FRESH, NETWORK),
        (ONCE, FRESH, NETWORK),
        (UNKNOWN, FRESH, ASKED_AGAIN),
        (FRESH, FRESH, REFUSED),
        (NETWORK, NETWORK, NETWORK),
        (KEY, KEY, KEY),
        (QUOTA, QUOTA, QUOTA),
        (BILLING, BILLING, BILLING),
        (REFUSED, REFUSED, REFUSED),
    ],
)
def test_a_session_that_was_never_set_up_is_first_blamed_on_the_handle(
    verdict, resumed, fresh
):
    loss = SessionEnd(verdict, "1011 why")
    assert close_codes.unopened(loss, resumed=True) == SessionEnd(resumed, "1011 why")
    assert close_codes.unopened(loss, resumed=False) == SessionEnd(fresh, "1011 why")


def test_the_user_is_always_told_that_a_fresh_session_cannot_be_opened():
    for code, reason, _ in SEEN + OF_OTHERS + UNSEEN:
        loss = SessionEnd(close_codes.classify(code, reason), reason)
        assert close_codes.unopened(loss, resumed=False).verdict.fault is not None


def test_who_speaks_the_recipe_of_2025_to_a_server_of_today_is_told_what_to_do():
    refusal = next(reason for _, reason, _ in SEEN if "media_chunks" in reason)
    line = close_codes.describe_close(1007, refusal)
    assert line.startswith(f"1007 {refusal} This server does not speak the recipe of ")
    assert "another [turns] mode" in line
    assert "simulate --dialect 2025" in line
    assert close_codes.describe_close(1008, "why") == "1008 why"
    assert close_codes.describe_close(None, "") == "no close frame"
