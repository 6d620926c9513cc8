# SPDX-License-Identifier: MIT
"""What has failed lately, as the service kept it: the journal may be gone."""

import time
from dataclasses import replace

from appliance.basics.strict_toml import ConfigError
from appliance.config.file import talk_settings
from appliance.core.advice import advice
from appliance.core.signals import TABLE, Signal
from appliance.core.talk_mode import TalkMode
from appliance.doctor.context import Context
from appliance.doctor.result import Result, ok, skip
from appliance.service import failures
from appliance.service.calendar import day_of
from appliance.service.failures import Failure

_PATH = f"var/lib/voice-appliance/{failures.NAME}"


async def examine_failures(context: Context) -> Result:
    path = context.machine.root / _PATH
    try:
        kept = failures.read(path)
    except FileNotFoundError:
        return ok("none", failures=0)
    except PermissionError:
        return skip(f"/{_PATH} is not for this user", "sudo voice-appliance doctor")
    except OSError as error:
        return skip(f"/{_PATH}: {error.strerror}", f"sudo rm -r /{_PATH}")
    except ConfigError as error:
        return skip(str(error), f"sudo rm /{_PATH}")
    return judge_failures(kept, talk_settings(context.config).mode)


def judge_failures(kept: tuple[Failure, ...], mode: TalkMode) -> Result:
    """They are over, or another check fails: none is a failure of this one."""
    if not kept:
        return ok("none", failures=0)
    text = f"{len(kept)} of them, the newest last:"
    lines = tuple(_line(failure, mode) for failure in kept)
    return replace(ok(text, failures=len(kept)), lines=lines)


def _line(failure: Failure, mode: TalkMode) -> str:
    known = {signal.value: signal for signal in Signal}.get(failure.situation)
    situation = TABLE[known].situation if known else failure.situation
    because = f" ({failure.reason})" if failure.reason else ""
    times = f", {failure.times} times" if failure.times > 1 else ""
    what_to_do = advice(known, mode) if known else ""
    return f"{_when(failure)}  {situation}{because}{times}. {what_to_do}"


def _when(failure: Failure) -> str:
    if day_of(failure.at_s) is None:
        return "before the clock was set"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(failure.at_s))
