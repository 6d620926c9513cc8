# SPDX-License-Identifier: MIT
"""Every way in which the service closes a link: gemini-live-api.md §6, row by row."""

from appliance.core.signals import Signal
from tests.faults.row import closed, refusal, refused_by_error

_GO_AWAY = (
    "Connection aborted because the client failed to close the connection after "
    "receiving a GoAway signal once the session durat"
)
_NOT_FOUND = (
    "models/gemini-2.0-flash-exp is not found for API version v1beta, or is not "
    "supported for bidiGenerateContent. Call ListModels"
)
_UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established "
    "identity). Please use API Key or other form of"
)

_CREDITS = (
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/"
    "projects to manage your project and billing."
)
#: What the service was seen to say of a key, with the code that it said it with.
_KEY_TEXTS = (
    (1008, "Your API key was reported as leaked. Please use another API key."),
    (1007, "API Key not found. Please pass a valid API key."),
    (1008, "Permission denied: Consumer 'api_key:x' has been suspended."),
    (1008, "Requests to this API generativelanguage.googleapis.com are blocked."),
    (1008, "The provided API key has an IP address restriction."),
    (1008, "Generative Language API has not been used in project 7 before"),
    (1008, "Your project has been denied access. Please contact support."),
    (1007, "Request had invalid authentication credentials."),
)

CLOSE_ROWS = (
    closed(1000),
    closed(1001),
    refusal(1007, "API key not valid. Please pass a valid API key.", Signal.KEY),
    refusal(1007, "API key expired. Please renew the API key.", Signal.KEY),
    refusal(
        *(1007, "User location is not supported for the API use."),
        Signal.REFUSED,
    ),
    refusal(
        *(1007, "Unknown name \"x\" at 'setup': Cannot find field."),
        Signal.REFUSED,
    ),
    refusal(1007, "Invalid JSON payload received.", Signal.REFUSED),
    refusal(
        *(1007, "Thinking level is not supported for this model."),
        Signal.REFUSED,
    ),
    refusal(
        *(1007, "Unsupported language code 'xx-XX' for this model."),
        Signal.REFUSED,
    ),
    refusal(
        *(1007, "Explicit activity control is not supported when automatic"),
        Signal.REFUSED,
    ),
    refusal(
        *(1007, "realtime_input.media_chunks is deprecated. Use audio, video"),
        Signal.REFUSED,
    ),
    *(refusal(code, text, Signal.KEY) for code, text in _KEY_TEXTS),
    closed(1007, "Precondition check failed."),
    closed(1007, "Request contains an invalid argument."),
    refusal(
        *(1007, "Request contains an invalid argument, for ever."),
        Signal.REFUSED,
    ),
    refusal(1008, _UNREGISTERED, Signal.KEY),
    refusal(1008, _NOT_FOUND, Signal.REFUSED),
    closed(1008, "BidiGenerateContent session not found"),
    closed(1008, _GO_AWAY),
    closed(1008, "The operation was aborted."),
    closed(1008, "Requested entity was not found."),
    closed(1008, "policy violation"),
    closed(1011, "Internal error encountered."),
    closed(1011, "The service is currently unavailable."),
    closed(1011, "Deadline expired before operation could complete."),
    refusal(1011, _CREDITS, Signal.QUOTA),
    refusal(1011, "RESOURCE_EXHAUSTED: quota", Signal.QUOTA),
    refusal(1011, "You exceeded your current quota, please check", Signal.QUOTA),
    refusal(
        *(1011, "The project has exceeded its monthly spending cap."), Signal.QUOTA
    ),
    refused_by_error(429, "Quota exceeded for this project.", Signal.QUOTA),
    refused_by_error(403, "API key not valid.", Signal.KEY),
)
