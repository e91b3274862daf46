"""Lines of a text that speak to the reader of the site and not about the subject: "Read more", "Sign up", "Share"."""

from __future__ import annotations

import re

_LONGEST = 400
_TOPIC = r"(?:stories|story|news|articles?|videos?|reading|content|topics|for\s+you|now)"
# Patterns that begin anywhere in a line are tried at every place of it, so only where one of these is in it.
_HINTS = ("subscribe", "newsletter", "nbox", "log", "sign", "follow", "continues", "touch", "comment", "earn")
# Whole lines. A sentence that only begins like one of them ("Read more than a line of it, and ...") is kept.
_ASIDE = re.compile(
    rf"""\W*(?:
        (?:also\s+)?read\s+(?:more|next|also)
      | (?:also\s+read|read\s+(?:more|next|also)|read|more|related|see\s+also|watch|listen|don['’]t\s+miss|recommended
          |must\s+read)(?:\s+on\s+[\w\s]{{1,30}}|\s+{_TOPIC})?\s*[:|].*
      | (?:click|tap)\s+here\b.*
      | (?:sign|signing)\s+up\b.* | subscribe\b.*
      | follow\s+(?:us|\w+(?:\s+\w+){{0,2}}\s+on)\b.*
      | advertisement(?:\s+\d+)?(?:\s*story\s+continues\s+below.*)?
      | article\s+content | recommended(?:\s+{_TOPIC})? | most\s+(?:read|popular|viewed)\b.{{0,40}} | popular
      | (?:\d+\s+)?comments? | trending(?:\s+now)? | related(?:\s+{_TOPIC})? | more\s+from\b.{{0,40}}
      | latest\s+(?:news|stories) | share(?:\s+this\b.{{0,40}})?
      | (?:do\s+you\s+have|have\s+you\s+got)\s+(?:a\s+(?:story|tip)|any)\b.*
      | for\s+(?:more|the\s+latest)\b.{{0,60}}\b(?:stories|news|updates)\b.*
      | (?:join|start)\s+(?:the|our)\s+(?:conversation|discussion|comment\w*|communit\w+)\b.*
      | (?:would\s+you\s+like|you\s+must|please\s+(?:log|read\s+our))\b.*comment.*
      | view\s+comments
      | (?:photo|image|picture|video)s?(?:\s+(?:credit|by|courtesy))?\s*:.*
      | e-?mail\s*:\s*\S+@\S+
    )\W*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_WITHIN = re.compile(
    r"""\b(?:
        subscribe\s+(?:to|now)\b
      | sign(?:ing)?\s+up\s+(?:to|for)\s+(?:our|the|his|her|their|a)\b.*newsletter
      | in\s+your\s+inbox\b | (?:sign|log)[\s-]?in\s+(?:or|to)\b
      | follow\s+us\s+on\b
      | get\s+in\s+touch\b.*(?:@|with\s+our)
      | before\s+commenting\b
      | earn\b.{0,20}\bcommission\b
    ) | ^\W*.{0,40}story\s+continues\s+below""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_RULE = re.compile(r"[\W_]*")


def is_aside(line: str) -> bool:
    """Whether a line is addressed to the reader of the site, or is a rule of dashes."""
    if len(line) > _LONGEST:
        return False
    plain = line.casefold()
    hinted = any(hint in plain for hint in _HINTS) and _WITHIN.search(line) is not None
    return hinted or _ASIDE.fullmatch(line) is not None or _RULE.fullmatch(line) is not None
