# SPDX-License-Identifier: MIT
"""Plain HTTP: the list of models, GET /v1beta/models (ai.google.dev/api/models).

Here a key is refused by a status, not by a close frame.
"""

import re
from http import HTTPStatus

from appliance.simulator.live.service import Service
from appliance.simulator.live.setup import MODELS
from appliance.simulator.live.wire import POLICY, Message, Refusal

_PATH = re.compile(r"/(v1beta|v1alpha)/models(\?.*)?")
#: What can be talked to, and one that cannot.
_METHODS = {name: ["bidiGenerateContent"] for name in sorted(MODELS)} | {
    "models/gemini-embedding-001": ["embedContent"]
}


def answer(service: Service, target: str, key: str) -> tuple[HTTPStatus, Message]:
    """The list of models, not in pages: there are only few; 404 for anything else."""
    if _PATH.fullmatch(target):
        return list_of_models(service, key)
    return _error(HTTPStatus.NOT_FOUND, "Not Found", "NOT_FOUND")


def list_of_models(service: Service, key: str) -> tuple[HTTPStatus, Message]:
    """Status and JSON of the answer to the owner of `key`."""
    try:
        service.check_key(key)
    except Refusal as refusal:
        return _refused(refusal)
    models = [
        {"name": name, "supportedGenerationMethods": methods}
        for name, methods in _METHODS.items()
    ]
    return HTTPStatus.OK, {"models": models}


def _refused(refusal: Refusal) -> tuple[HTTPStatus, Message]:
    if refusal.code == POLICY:
        return _error(HTTPStatus.FORBIDDEN, refusal.reason, "PERMISSION_DENIED")
    return _error(HTTPStatus.BAD_REQUEST, refusal.reason, "INVALID_ARGUMENT")


def _error(status: HTTPStatus, reason: str, name: str) -> tuple[HTTPStatus, Message]:
    error = {"code": status.value, "message": reason, "status": name}
    return status, {"error": error}
