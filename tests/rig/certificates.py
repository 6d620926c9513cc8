# SPDX-License-Identifier: MIT
"""TLS certificates for a server on loopback, good and bad, each its own authority."""

import ssl
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
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ca.cnf").write_text(_AUTHORITY.format(directory=directory))
    (directory / "index").touch()
    for command in (
        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem "
        f"-out request.pem -subj /CN={directory.name} -addext subjectAltName={host}",
        "ca -batch -notext -selfsign -config ca.cnf -keyfile key.pem -in request.pem "
        f"-out certificate.pem -startdate {starts} -enddate {ends}",
    ):
        arguments = ["openssl", *command.split()]
        subprocess.run(arguments, cwd=directory, check=True, capture_output=True)
    return directory / "certificate.pem", directory / "key.pem"


class Certificates:
    """A good one, and such as a box must not accept, made once in `directory`;
    `authority` is what SSL_CERT_FILE names.

    They are for localhost, and for `address`.
    """

    def __init__(self, directory: Path, address: str = "127.0.0.1") -> None:
        self._directory = directory
        self.authority = directory / "authorities.pem"
        if not self.authority.exists():
            self._make(f"DNS:localhost,IP:{address}")

    @property
    def good(self) -> ssl.SSLContext:
        return self._context("good")

    @property
    def early(self) -> ssl.SSLContext:
        """Not yet valid, as every certificate for a clock that was never set."""
        return self._context("early")

    @property
    def untrusted(self) -> ssl.SSLContext:
        """Signed by nobody the box knows."""
        return self._context("untrusted")

    def _make(self, host: str) -> None:
        certificate(self._directory / "untrusted", host=host)
        good, _ = certificate(self._directory / "good", host=host)
        early, _ = certificate(
            self._directory / "early", host=host, starts="20900101000000Z"
        )
        self.authority.write_text(good.read_text() + early.read_text())

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        directory = self._directory / name
        context.load_cert_chain(directory / "certificate.pem", directory / "key.pem")
        return context
