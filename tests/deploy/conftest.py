# SPDX-License-Identifier: MIT
"""The Debian package, built once for all that look into it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance import __version__
from docs.generate.documents import ROOT


@pytest.fixture(scope="session")
def build_package() -> Callable[..., Path]:
    """Builds it in a directory, in another environment if one is given."""

    def build(directory: Path, **environment: str) -> Path:
        # The flags of a `make test` are not for this one.
        ours = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
        subprocess.run(
            ["make", "package", f"BUILD={directory}"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=120,
            env=ours | environment,
        )
        return directory / f"voice-appliance_{__version__}_all.deb"

    return build


@pytest.fixture(scope="session")
def package(build_package, tmp_path_factory) -> Path:
    return build_package(tmp_path_factory.mktemp("build"))
