"""TriviaQA, web: questions about documents of the web, each document by itself."""

from __future__ import annotations

from . import TASKS
from ._triviaqa import domain

TASKS.register("triviaqa_web")(domain("web", "web", per_document=True))
