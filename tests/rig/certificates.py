# SPDX-License-Identifier: MIT
"""Certificates for localhost: a good one, and such as a box must not accept."""

import ssl
import subprocess
from pathlib import Path

_CA = """\
[ca]
default_ca = test_ca
[test_ca]
database = index.txt
unique_subject = no
rand_serial = yes
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = DNS:localhost, IP:{address}
"""
_NEW_KEY = ("-newkey", "rsa:2048", "-nodes")


class Certificates:
    """Made in `directory`, with openssl; `authority` is what SSL_CERT_FILE names.

    They are for localhost, and for `address`.
    """

    def __init__(self, directory: Path, address: str = "127.0.0.1") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._address = address
        self._directory = directory
        self.authority = directory / "ca.pem"
        if not (directory / "early.pem").exists():
            self._make()

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

    def _make(self) -> None:
        (self._directory / "ca.conf").write_text(_CA.format(address=self._address))
        (self._directory / "index.txt").touch()
        self._self_signed("ca", "/CN=test authority")
        self._self_signed("untrusted", "/CN=localhost")
        self._signed("good", "20200101000000Z")
        self._signed("early", "20900101000000Z")

    def _self_signed(self, name: str, subject: str) -> None:
        self._openssl(
            *("req", "-x509", *_NEW_KEY, "-keyout", f"{name}.key"),
            *("-out", f"{name}.pem", "-days", "36500", "-subj", subject),
            *("-addext", "subjectAltName=DNS:localhost"),
        )

    def _signed(self, name: str, valid_from: str) -> None:
        self._openssl(
            *("req", *_NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr"),
            *("-subj", "/CN=localhost"),
        )
        self._openssl(
            *("ca", "-config", "ca.conf", "-batch", "-notext", "-in", f"{name}.csr"),
            *("-out", f"{name}.pem", "-startdate", valid_from),
            *("-enddate", "21000101000000Z"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments],
            cwd=self._directory,
            check=True,
            capture_output=True,
        )

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = self._directory / name
        context.load_cert_chain(path.with_suffix(".pem"), path.with_suffix(".key"))
        return context
