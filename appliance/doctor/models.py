# SPDX-License-Identifier: MIT
"""Lists the models of the service: is the key accepted, and does the model exist?"""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from appliance.basics.secret import Secret
from appliance.basics.strict_toml import ConfigError
from appliance.core.signals import Fault
from appliance.doctor.context import Context
from appliance.doctor.credential import KeyHidden, find_key
from appliance.doctor.network import (
    Server,
    connection_failure,
    server_of,
)
from appliance.doctor.result import Result, link_failure, ok, skip
from appliance.hardware.call_thread import CallThread
from appliance.live.close_codes import classify_status, describe_refusal

_PATH = "/v1beta/models?pageSize=1000"
_LIMIT_S = 10.0
_LARGEST_BYTES = 4 << 20
_LIVE_METHOD = "bidiGenerateContent"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `body` is {} where it is no JSON object."""

    status: int
    body: dict[str, Any]


async def examine_key(context: Context) -> Result:
    reply = await _models(context)
    return reply if isinstance(reply, Result) else judge_key(reply)


async def examine_model(context: Context) -> Result:
    reply = await _models(context)
    if isinstance(reply, Result):
        return reply
    return judge_model(reply, context.config.live.model)


def judge_key(reply: Reply) -> Result:
    if reply.status == http.client.OK:
        return ok("the service accepts the key", status=reply.status)
    body = json.dumps(reply.body).encode()
    text = describe_refusal(reply.status, body)
    if reply.status == http.client.NOT_FOUND:
        return skip(f"{text}: this endpoint has no list of models; see answer")
    verdict = classify_status(reply.status, body)
    return link_failure(text, verdict.fault or Fault.NETWORK, status=reply.status)


def judge_model(reply: Reply, model: str) -> Result:
    listed = reply.body.get("models")
    if reply.status != http.client.OK or not isinstance(listed, list):
        return skip(f"HTTP {reply.status}, and no list of models: see key")
    live = [
        str(known.get("name"))
        for known in listed
        if isinstance(known, dict)
        and _LIVE_METHOD in known.get("supportedGenerationMethods", ())
    ]
    if model in live:
        return ok(f"{model} is there, one of {len(live)} live models", live=len(live))
    text = f"{model} is not among the live models: {', '.join(live) or 'none'}"
    return link_failure(text, Fault.REFUSED, live=len(live))


async def _models(context: Context) -> Reply | Result:
    """The list of models, or the reason why it cannot be had; fetched once."""
    if _PATH not in context.replies:
        context.replies[_PATH] = await _ask(context)
    reply: Reply | Result = context.replies[_PATH]
    return reply


async def _ask(context: Context) -> Reply | Result:
    server = server_of(context.config.live.endpoint)
    if context.config.live.proxy:
        return skip("[live] proxy is set: see answer")
    try:
        key = find_key(context.machine)
        get = CallThread("models").call(lambda: _get(server, key), 3 * _LIMIT_S)
        return await get
    except KeyHidden:
        return skip("the key is not for this user", "sudo voice-appliance doctor")
    except ConfigError as error:
        return link_failure(str(error), Fault.KEY)
    except http.client.HTTPException as error:
        text = f"{server.host}: no HTTP ({type(error).__name__})"
        return link_failure(text, Fault.NETWORK)
    except OSError as error:
        return connection_failure(server.host, error)


def _get(server: Server, key: Secret) -> Reply:
    """Follows no redirect: the key is for the endpoint only."""
    kinds = (http.client.HTTPConnection, http.client.HTTPSConnection)
    connection = kinds[server.is_secure](server.host, server.port, timeout=_LIMIT_S)
    try:
        connection.request("GET", _PATH, headers={"x-goog-api-key": key.reveal()})
        response = connection.getresponse()
        return Reply(response.status, _object(response.read(_LARGEST_BYTES)))
    finally:
        connection.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
