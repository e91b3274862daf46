"""Lines of a text that speak to the reader of the site and not about the subject: "Read more", "Sign up", "Share"."""

from __future__ import annotations

import re

_LONGEST = 400
_TOPIC = r"(?:stories|story|news|articles?|videos?|reading|content|topics|for\s+you|now)"
# Whole lines. A sentence that only begins like one of them ("Read more than a line of it, and ...") is kept.
_ASIDE = re.compile(
    rf"""\W*(?:
        (?:also\s+)?read\s+(?:more|next|also)
      | (?:also\s+read|read\s+(?:more|next|also)|read|more|related|see\s+also|watch|listen|don['’]t\s+miss|recommended
          |must\s+read)(?:\s+on\s+[\w\s]{{1,30}}|\s+{_TOPIC})?\s*[:|].*
      | (?:click|tap)\s+here\b.*
      | (?:sign|signing)\s+up\b.* | subscribe\b.* | .*\bsubscribe\s+(?:to|now)\b.*
      | .*\bsign(?:ing)?\s+up\s+(?:to|for)\s+(?:our|the|his|her|their|a)\b.*newsletter.*
      | .*\bin\s+your\s+inbox\b.* | .*\b(?:sign|log)[\s-]?in\s+(?:or|to)\b.*
      | follow\s+(?:us|\w+(?:\s+\w+){{0,2}}\s+on)\b.* | .*\bfollow\s+us\s+on\b.*
      | advertisement(?:\s+\d+)?(?:\s*story\s+continues\s+below.*)? | .{{0,40}}story\s+continues\s+below.*
      | article\s+content | recommended(?:\s+{_TOPIC})? | most\s+(?:read|popular|viewed)\b.{{0,40}} | popular
      | (?:\d+\s+)?comments? | trending(?:\s+now)? | related(?:\s+{_TOPIC})? | more\s+from\b.{{0,40}}
      | latest\s+(?:news|stories) | share(?:\s+this\b.{{0,40}})?
      | (?:do\s+you\s+have|have\s+you\s+got)\s+(?:a\s+(?:story|tip)|any)\b.*
      | .*\bget\s+in\s+touch\b.*(?:@|with\s+our).*
      | for\s+(?:more|the\s+latest)\b.{{0,60}}\b(?:stories|news|updates)\b.*
      | (?:join|start)\s+(?:the|our)\s+(?:conversation|discussion|comment\w*|communit\w+)\b.*
      | (?:would\s+you\s+like|you\s+must|please\s+(?:log|read\s+our))\b.*comment.* | .*\bbefore\s+commenting\b.*
      | view\s+comments
      | (?:photo|image|picture|video)s?(?:\s+(?:credit|by|courtesy))?\s*:.*
      | e-?mail\s*:\s*\S+@\S+ | .*\bearn\b.{{0,20}}\bcommission\b.*
    )\W*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_RULE = re.compile(r"[\W_]*")


def is_aside(line: str) -> bool:
    """Whether a line is addressed to the reader of the site, or is a rule of dashes."""
    return len(line) <= _LONGEST and (_ASIDE.fullmatch(line) is not None or _RULE.fullmatch(line) is not None)
