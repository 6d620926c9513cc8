# SPDX-License-Identifier: MIT
"""Where the Live service is found, and with which key it is called."""

import re
from urllib.parse import parse_qs

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
# Google's SDK writes the first slash twice.
_PATH = re.compile(
    r"//?ws/google\.ai\.generativelanguage\.(?P<version>v1beta|v1alpha)"
    r"\.GenerativeService\.BidiGenerateContent"
)


def api_version(target: str) -> str | None:
    """The API version in the target of a request, None if it is not the service's."""
    path = _PATH.fullmatch(target.partition("?")[0])
    return path["version"] if path else None


def api_key(target: str, header: str | None) -> str:
    """The key in the x-goog-api-key header, or else in `?key=`; "" if in neither."""
    query = parse_qs(target.partition("?")[2])
    return (header or query.get("key", [""])[0]).strip()
