"""What a document's licence allows a release to do with its text."""

from __future__ import annotations

import re

from gonerd.errors import unknown_name
from gonerd.records import Document

RELEASES = {
    "full": "every text; documents that may not be redistributed are set aside",
    "urls-only": "of documents that may not be redistributed the address, hashes and spans instead of the text",
    "private": "every text whatever its licence; refused by `gonerd dataset publish`",
}

# SPDX identifiers under which a text, changed by masking and enriched by spans, may be passed on for any use.
_FREE = re.compile(
    r"CC0-1\.0|CC-PDM-1\.0|CC-PDDC|PDDL-1\.0|US-PD|LicenseRef-US-Government-Work"
    r"|CC-BY(-SA)?-[1-4]\.\d(-[A-Z]{2,3})?|ODC-By-1\.0|OGL-UK-[1-3]\.0|OGL-Canada-2\.0|etalab-2\.0|DL-DE-BY-2\.0"
    r"|Apache-2\.0|MIT"
)
_LIMITED = {
    "-NC": "allows non-commercial use only",
    "-ND": "allows no changed copies, and masking changes the text",
}


def why_not(document: Document) -> tuple[str, str] | None:
    """Tells why a document's text may not stand in a public release.

    Args:
        document: The document.

    Returns:
        (short reason, detail), or None when it may be redistributed.
    """
    licence = document.license
    if licence == "unknown":
        return "licence-unknown", "field 'license' is 'unknown'"
    if not _FREE.fullmatch(licence):
        limits = [meaning for mark, meaning in _LIMITED.items() if mark in licence.upper()]
        detail = "; ".join(limits) or "is not among the licences known to allow redistribution"
        return "licence-forbids", f"licence {licence} {detail}"
    if not document.license_evidence:
        return "licence-unproven", f"licence {licence} without field 'license_evidence', the place where it was read"
    return None


def known_release(release: str) -> str:
    """Returns the kind of release.

    Raises:
        UsageError: There is no such kind.
    """
    if release not in RELEASES:
        raise unknown_name("release", release, RELEASES)
    return release
