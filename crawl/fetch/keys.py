"""What makes two spellings of an address the same page."""

from __future__ import annotations

import re

from w3lib.url import canonicalize_url

# Parameters that tell where a reader came from and nothing about the page.
_TRACKING = re.compile(r"(?<=[?&])(?:utm_[a-z_]+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid)=[^&#]*&?")


def page_key(url: str) -> str:
    """Returns the canonical form of an address, by which the store knows the page.

    Host in lower case, default port and fragment left out, percent-encoding made uniform, query sorted, parameters that
    only track the reader left out.
    """
    try:
        return str(canonicalize_url(_TRACKING.sub("", url)))
    except ValueError:  # not a URL at all; it is still listed, once, and skipped with a reason
        return url
