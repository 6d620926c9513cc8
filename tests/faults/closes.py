# SPDX-License-Identifier: MIT
"""Every way in which the service closes a link: gemini-live-api.md §6, row by row."""

from appliance.core.signals import Signal
from tests.faults.row import closed, refusal

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
    refusal(1011, "RESOURCE_EXHAUSTED: quota", Signal.QUOTA),
    refusal(1011, "You exceeded your current quota, please check", Signal.QUOTA),
    refusal(
        *(1011, "The project has exceeded its monthly spending cap."), Signal.QUOTA
    ),
)
