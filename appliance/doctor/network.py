# SPDX-License-Identifier: MIT
"""The way to the service: Wi-Fi, name server, TLS."""

import re
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from appliance.core.signals import Fault, Signal
from appliance.doctor.context import Context
from appliance.doctor.result import Result, fail, link_failure, ok, skip
from appliance.hardware.call_thread import CallThread
from appliance.live.close_codes import classify_failure, describe_failure

_LIMIT_S = 10.0
#: Another server answers in the service's place, or the root certificates are gone.
_UNTRUSTED = (
    "sudo apt install --reinstall ca-certificates; to see the server that answers: "
    "openssl s_client -connect {}:443 </dev/null | head; on a network with a login "
    "page, log in first"
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the endpoint is."""

    host: str
    port: int
    is_secure: bool


def server_of(endpoint: str) -> Server:
    parts = urlsplit(endpoint)
    is_secure = parts.scheme == "wss"
    return Server(
        parts.hostname or "", parts.port or (443 if is_secure else 80), is_secure
    )


async def examine_wifi(context: Context) -> Result:
    for wireless in context.machine.find("sys/class/net/*/wireless"):
        name = wireless.parent.name
        if context.machine.read(f"sys/class/net/{name}/operstate") != "up":
            continue
        ran = context.machine.run(["iw", "dev", name, "get", "power_save"])
        if ran is None:
            return skip("iw is not installed", "sudo apt install iw")
        levels = context.machine.read("proc/net/wireless") or ""
        signal_dbm = re.search(rf"^ *{name}: +\S+ +\S+ +(-\d+)", levels, re.MULTILINE)
        return judge_wifi(name, ran.text, int(signal_dbm[1]) if signal_dbm else None)
    return skip("no Wi-Fi is in use")


def judge_wifi(name: str, power_save: str, signal_dbm: int | None) -> Result:
    """`power_save`: the output of iw."""
    at = "" if signal_dbm is None else f", signal {signal_dbm} dBm"
    if power_save.endswith("off"):
        return ok(f"{name}: power save is off{at}", signal_dbm=signal_dbm)
    if not power_save.endswith("on"):
        return skip(f"{name}: iw does not tell{at}", signal_dbm=signal_dbm)
    return fail(
        f"{name}: power save is on: answers stutter{at}",
        f"sudo iw dev {name} set power_save off; if it is on again after a reboot: "
        "sudo nmcli connection modify NAME 802-11-wireless.powersave 2 "
        "(NAME: nmcli connection)",
        signal_dbm=signal_dbm,
    )


async def examine_dns(context: Context) -> Result:
    server = server_of(context.config.live.endpoint)
    if context.config.live.proxy:
        return skip(f"[live] proxy resolves {server.host}")
    began_at = time.monotonic()
    try:
        addresses = await CallThread("resolver").call(
            lambda: socket.getaddrinfo(
                server.host, server.port, type=socket.SOCK_STREAM
            ),
            _LIMIT_S,
        )
    except TimeoutError:
        text = f"{server.host}: the name server does not answer"
        return link_failure(text, Fault.NETWORK)
    except OSError as error:
        return link_failure(f"{server.host}: {describe_failure(error)}", Fault.NETWORK)
    return judge_dns(
        server.host,
        sorted({str(address[4][0]) for address in addresses}),
        round(1000 * (time.monotonic() - began_at)),
    )


def judge_dns(host: str, addresses: list[str], took_ms: int) -> Result:
    listed = ", ".join(addresses[:2]) + (" ..." if len(addresses) > 2 else "")
    figures = {"addresses": len(addresses), "took_ms": took_ms}
    return ok(f"{host} is {listed} ({took_ms} ms)", **figures)


async def examine_tls(context: Context) -> Result:
    server = server_of(context.config.live.endpoint)
    if not server.is_secure:
        return skip("the endpoint is ws:// on loopback, which has no TLS")
    if context.config.live.proxy:
        return skip("[live] proxy is set: see answer")
    try:
        return judge_tls(
            server.host,
            *await CallThread("tls").call(lambda: _shake_hands(server), 2 * _LIMIT_S),
            time.time(),
        )
    except OSError as error:
        return connection_failure(server.host, error)


def judge_tls(
    host: str, version: str, took_ms: int, not_after: float, now: float
) -> Result:
    """`not_after`: when the certificate ends (seconds since 1970), as `now`."""
    days = int((not_after - now) / 86_400)
    text = f"{version} with {host}, certificate good for {days} days ({took_ms} ms)"
    return ok(text, version=version, took_ms=took_ms, days=days)


def connection_failure(host: str, error: OSError) -> Result:
    """What it means that there is no connection, as the service shows it."""
    fault = classify_failure(error).fault or Fault.NETWORK
    text = f"{host}: {describe_failure(error)}"
    if fault is Fault.NETWORK and isinstance(error, ssl.SSLCertVerificationError):
        return fail(text, _UNTRUSTED.format(host), Signal.NETWORK)
    return link_failure(text, fault)


def _shake_hands(server: Server) -> tuple[str, int, float]:
    """TLS version, ms, and the end of the certificate. Raises OSError."""
    began_at = time.monotonic()
    address = (server.host, server.port)
    context = ssl.create_default_context()
    with (
        socket.create_connection(address, _LIMIT_S) as tcp,
        context.wrap_socket(tcp, server_hostname=server.host) as tls,
    ):
        took_ms = round(1000 * (time.monotonic() - began_at))
        certificate = tls.getpeercert() or {}
        ends_at = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
        return tls.version() or "TLS", took_ms, float(ends_at)
