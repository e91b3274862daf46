"""The WARC header fields by which our crawls mark their records."""

from __future__ import annotations

# What a response is to the crawl: a page to store, a listing of pages, or a file of rules.
ROLE = "GONERD-Role"
PAGE, LISTING, ROBOTS = "page", "listing", "robots"
# The address under which a page was listed; the record itself bears the one that answered.
LISTED = "GONERD-Listed-URI"
# Publisher and domain of a page, where one crawl has several; the warcinfo record has those of the whole crawl.
SOURCE, DOMAIN = "GONERD-Source", "GONERD-Domain"
# What stands for the media type of a record that says "as before", in indexes and in the store.
REVISIT = "warc/revisit"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
