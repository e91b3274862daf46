"""TriviaQA, Wikipedia: questions about pages of Wikipedia, all pages of a question together."""

from __future__ import annotations

from . import TASKS
from ._triviaqa import domain

TASKS.register("triviaqa_wikipedia")(domain("wikipedia", "Wikipedia", per_document=False))
