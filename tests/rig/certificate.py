# SPDX-License-Identifier: MIT
"""A TLS certificate for a server on loopback, which is its own authority."""

import subprocess
from pathlib import Path

_AUTHORITY = """\
[ca]
default_ca = own
[own]
dir = {directory}
database = $dir/index
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def certificate(
    directory: Path,
    *,
    host: str = "DNS:localhost",
    starts: str = "20200101000000Z",
    ends: str = "20990101000000Z",
) -> tuple[Path, Path]:
    """Of `host`, valid between two dates: the files of it and of its key."""
    (directory / "ca.cnf").write_text(_AUTHORITY.format(directory=directory))
    (directory / "index").touch()
    for command in (
        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem "
        f"-out request.pem -subj /CN=loopback -addext subjectAltName={host}",
        "ca -batch -notext -selfsign -config ca.cnf -keyfile key.pem -in request.pem "
        f"-out certificate.pem -startdate {starts} -enddate {ends}",
    ):
        arguments = ["openssl", *command.split()]
        subprocess.run(arguments, cwd=directory, check=True, capture_output=True)
    return directory / "certificate.pem", directory / "key.pem"
