"""What makes two spellings of an address the same page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_PORTS = {"http": 80, "https": 443}
# Parameters that tell where a reader came from and nothing about the page.
_TRACKING = re.compile(r"(?<=[?&])(?:utm_[a-z_]+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid)=[^&#]*&?")


def page_key(url: str) -> str:
    """Returns the canonical form of an address, by which the store knows the page.

    Host in lower case, default port and fragment left out, percent-encoding made uniform, query sorted, parameters that
    only track the reader left out.
    """
    try:
        parts = urlsplit(canonicalize_url(_TRACKING.sub("", url)))
        host = (parts.hostname or "").rstrip(".")
        port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        name = f"[{host}]" if ":" in host else host
        return urlunsplit(parts._replace(netloc=f"{user}{name}{port}"))
    except ValueError:  # not a URL at all; it is still listed, once, and skipped with a reason
        return url
