"""`ai.txt`: a file in the form of robots.txt that says which kinds of files no model may be trained on.

Spawning, "ai.txt: A new way for websites to set permissions for AI", 30 May 2023, https://spawning.ai/ai-txt. Its rules
name paths or, more often, endings (`Disallow: *.html`). Most pages have no ending in their address; they count as
`.html`, since that is what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from gonerd.crawl.robots_file import PathRules, records_for, target_of

from . import OPTOUTS, OptOut, Reader, Signal, SiteFile

FILE = "/ai.txt"


class AiTxt(OptOut):
    """The file."""

    files = (FILE,)

    def in_site(self, files: Mapping[str, SiteFile]) -> Reader | None:
        """Reads the file."""
        records = records_for(files[FILE].body) if FILE in files else []
        rules = PathRules(records)

        def read(url: str) -> Signal | None:
            parts = urlsplit(url)
            path = parts.path or "/"
            if "." not in path.rpartition("/")[2]:
                path += ".html"
            allowed = rules.allow(target_of(parts._replace(path=path).geturl()))
            return None if allowed else Signal("ai.txt", FILE, f"disallows {path}", True)

        return read if records else None


OPTOUTS.register("ai_txt")(AiTxt())
