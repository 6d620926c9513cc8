# SPDX-License-Identifier: MIT
"""Whatever arrives or is written in a file: no crash, no hang, no endless memory.

Some seconds of it in the test run, always the same; `make fuzz` does a million frames.
"""

import faulthandler
import functools
import math
import os
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from appliance.config.file import load
from appliance.simulator.scenario import read_scenario
from tests.fuzz.mutations import (
    CONFIG_RECIPES,
    SCENARIO_RECIPES,
    SERVER_RECIPES,
    SETUP_RECIPES,
    TALK_RECIPES,
    mutated,
)
from tests.fuzz.specimens import CONFIG, SCENARIOS, SERVER, SETUPS, TALK
from tests.fuzz.targets import Clients, Fed, decode, read

#: Others cover the code; with coverage this takes three times as long.
pytestmark = pytest.mark.no_cover

#: Mutated frames for all targets together; 0 is the few of the test run.
FRAMES = int(os.environ.get("FUZZ_FRAMES") or 0)
SEED = int(os.environ.get("FUZZ_SEED") or random.randrange(2**32))
WALKS = st.integers(0, 2**32 - 1)
#: Recipes that hypothesis draws before it starts anew: it remembers them all.
_ROUND = 500
_FEW = 60
#: One recipe takes some tenths of a second.
_HANGS_AFTER_S = 60
_GROWTH_LIMIT_KB = 100_000


def fuzz(examine: Callable[..., None], frames_each: int, share: float, **drawn) -> None:
    """Let hypothesis draw until enough frames were examined; tell how it went."""
    recipes = math.ceil(FRAMES * share / frames_each) or _FEW
    # Once before measuring: hypothesis first reads all sources for constants.
    _round(examine, 1, SEED, drawn)
    began_kb, peak_kb, since = _resident_kb(), _peak_kb(), time.perf_counter()
    for start in range(0, recipes, _ROUND):
        _round(examine, min(_ROUND, recipes - start), SEED + start, drawn)
    frames, ended_kb = recipes * frames_each, _resident_kb()
    rate = frames / (time.perf_counter() - since)
    print(f"\n{examine.__name__}: {frames} mutated frames, {rate:.0f}/s,", end=" ")
    print(f"RSS {began_kb} kB at begin, {ended_kb} kB at end, peak {_peak_kb()} kB")
    assert ended_kb - began_kb < _GROWTH_LIMIT_KB
    assert _peak_kb() - peak_kb < _GROWTH_LIMIT_KB


def _round(examine, recipes: int, seed_: int, drawn) -> None:
    @functools.wraps(examine)
    def watched(**drawn):
        faulthandler.dump_traceback_later(_HANGS_AFTER_S, exit=True)
        examine(**drawn)

    options = settings(
        max_examples=recipes,
        database=None,
        deadline=None,
        derandomize=not FRAMES,
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    run = options(given(**drawn)(watched))
    try:
        (seed(seed_)(run) if FRAMES else run)()
    finally:
        faulthandler.cancel_dump_traceback_later()


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(scope="module", autouse=True)
def _told_seed():
    if FRAMES:
        print(f"FUZZ_SEED={SEED}")


def test_the_codec_reads_or_refuses_every_frame():
    def codec(recipe):
        for _ in decode(mutated(SERVER, recipe)):
            pass

    fuzz(codec, len(SERVER), 0.43, recipe=SERVER_RECIPES)


def test_the_core_takes_whatever_is_read():
    def core(recipe, walk):
        Fed(walk).feed(decode(mutated(SERVER, recipe, times=4, every=2)))

    fuzz(core, 2 * len(SERVER), 0.31, recipe=SERVER_RECIPES, walk=WALKS)


def test_the_simulator_answers_or_closes_whatever_a_client_says():
    def simulator_talk(recipe, manual):
        frames = mutated(TALK, recipe, times=9, every=3)
        Clients(manual=manual).say(frames, set_up=True)

    fuzz(simulator_talk, 3 * len(TALK), 0.2, recipe=TALK_RECIPES, manual=st.booleans())


def test_the_simulator_is_set_up_or_closes_whatever_a_client_asks_for():
    def simulator_setup(recipe):
        frames = mutated(SETUPS, recipe, times=9)
        Clients(manual=True).say(frames, set_up=False)

    fuzz(simulator_setup, 9 * len(SETUPS), 0.1, recipe=SETUP_RECIPES)


def test_a_configuration_is_read_or_refused_in_one_line(tmp_path):
    def config(recipe):
        read(load, tmp_path / "config.toml", mutated(CONFIG, recipe, times=9))

    fuzz(config, 9, 0.02, recipe=CONFIG_RECIPES)


def test_a_scenario_is_read_or_refused_in_one_line(tmp_path):
    def scenario(recipe):
        texts = mutated(SCENARIOS, recipe, times=9)
        read(read_scenario, tmp_path / "scenario.toml", texts)

    fuzz(scenario, 9 * len(SCENARIOS), 0.02, recipe=SCENARIO_RECIPES)
