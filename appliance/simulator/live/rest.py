# SPDX-License-Identifier: MIT
"""Plain HTTP: the list of models, GET /v1beta/models (ai.google.dev/api/models).

Here a key is refused by a status, not by a close frame.
"""

import re
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from appliance.simulator.live.address import api_key
from appliance.simulator.live.fields import encode
from appliance.simulator.live.service import Service
from appliance.simulator.live.setup import MODELS
from appliance.simulator.live.wire import POLICY, Message, Refusal

_PATH = re.compile(r"/(v1beta|v1alpha)/models(\?.*)?")
#: What can be talked to, and one that cannot.
_METHODS = {name: ["bidiGenerateContent"] for name in sorted(MODELS)} | {
    "models/gemini-embedding-001": ["embedContent"]
}


def answer(
    service: Service, connection: ServerConnection, request: Request
) -> Response:
    """The list of models, not in pages: there are only few; 404 for anything else."""
    if not _PATH.fullmatch(request.path):
        return connection.respond(HTTPStatus.NOT_FOUND, "Not Found\n")
    key = api_key(request.path, request.headers.get("x-goog-api-key"))
    status, json = list_of_models(service, key)
    response = connection.respond(status, encode(json).decode())
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json; charset=UTF-8"
    return response


def list_of_models(service: Service, key: str) -> tuple[HTTPStatus, Message]:
    """Status and JSON of the answer to whom `key` belongs."""
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
    status, name = HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"
    if refusal.code == POLICY:
        status, name = HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"
    error = {"code": status.value, "message": refusal.reason, "status": name}
    return status, {"error": error}
