"""TriviaQA's layout: questions in `qa/`, the documents that they name in `evidence/web/` and `evidence/wikipedia/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gonerd.errors import GonerdError
from gonerd.evaluation.metrics._answers import triviaqa_normalized

from . import Hub
from ._examples import QuestionExample, Section
from ._files import field, read_json, read_text
from ._questions import QuestionTask
from ._tally import Tally

REVISION = "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f"
_MISSING, _EMPTY = "evidence file missing", "evidence empty"
_UNVERIFIED = "not part of the verified set"


class Question(NamedTuple):
    """A question as it stands in the file or on the hub.

    Attributes:
        id: Its identifier.
        text: The question.
        answers: Normalised aliases, and the answers of annotators.
        documents: (folder of the evidence, file name, text where it is at hand) of each document.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    documents: list[tuple[str, str, str | None]]


@dataclass(frozen=True, kw_only=True)
class TriviaQaTask(QuestionTask):
    """One domain of TriviaQA.

    Attributes:
        per_document: Whether a question is asked of each of its documents by itself, with the id `QUESTION--FILE`, or
            once of all of them together, one after the other, parted by a blank line.
    """

    per_document: bool
    group: str = "long-qa"

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads a file of `qa/`, with the documents of `evidence/` beside that folder."""
        evidence = path.parent.parent / "evidence"
        if not evidence.is_dir():
            raise GonerdError(
                f"{evidence}: no such folder; keep TriviaQA's layout, with qa/ and evidence/ side by side"
            )
        for question in _questions(path, tally):
            documents = []
            for folder, name, _ in question.documents:
                place = (evidence / folder / name).resolve()
                inside = place.is_relative_to(evidence.resolve()) and place.is_file()
                documents.append((name, read_text(place, "latin-1") if inside else None))
            yield from self._asked(question, documents, tally)

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads the rows of the hub's dataset."""
        for row in rows:
            pages, results = row["entity_pages"], row["search_results"]
            documents = list(zip(pages["filename"], pages["wiki_context"], strict=True))
            if self.per_document:
                documents += zip(results["filename"], results["search_context"], strict=True)
            answers = tuple(row["answer"]["normalized_aliases"])
            yield from self._asked(Question(row["question_id"], row["question"], answers, []), documents, tally)

    def references(self, path: Path, tally: Tally, **options: str) -> dict[str, tuple[str, Any]]:
        """Reads the accepted answers of a file of `qa/`; the documents are not needed."""
        found = {}
        for question in _questions(path, tally):
            names = [name for _, name, _ in question.documents]
            tally.read += len(names) if self.per_document else 1
            for key in [f"{question.id}--{name}" for name in names] if self.per_document else [question.id]:
                found[key] = (question.id, question.answers or None)
        return found

    def gold(self, example: QuestionExample) -> tuple[str, ...] | None:
        """Returns all aliases."""
        return example.answers or None

    def _asked(
        self, question: Question, documents: list[tuple[str, str | None]], tally: Tally
    ) -> Iterator[QuestionExample]:
        """Makes the examples of a question; documents that are not there are counted."""
        held = []
        for name, text in documents:
            reason = _MISSING if text is None else "" if text.strip() else _EMPTY
            counted = tally.set_aside if self.per_document else tally.notes
            counted.update([reason] if reason else [])
            if text is not None and not reason:
                held.append((name, text))
        if self.per_document:
            tally.read += len(documents)
            for name, text in held:
                yield _example(f"{question.id}--{name}", question, [(name, text)])
            return
        tally.read += 1
        if held:
            yield _example(question.id, question, held)
        else:
            tally.set_aside["no evidence at hand"] += 1


def _example(key: str, question: Question, documents: list[tuple[str, str]]) -> QuestionExample:
    context, sections = "", []
    for name, text in documents:
        context += "\n\n" if context else ""
        sections.append(Section(name, 0, len(context), len(context) + len(text)))
        context += text
    starts = (-1,) * len(question.answers)  # distant supervision: where the answer stands is not annotated
    return QuestionExample(key, question.id, question.text, context, question.answers, starts, tuple(sections))


def _questions(path: Path, tally: Tally) -> Iterator[Question]:
    value = read_json(path, "TriviaQA's object with 'Data'")
    verified = bool(value.get("VerifiedEval")) if isinstance(value, dict) else False
    for number, record in enumerate(field(value, "Data", list, str(path))):
        where = f"{path}, question {number}"
        if verified and not record.get("QuestionPartOfVerifiedEval"):
            tally.notes[f"question {_UNVERIFIED}"] += 1
            continue
        only_verified = verified and value.get("Domain") == "Web"
        documents = list(_documents(record, only_verified, tally, where))
        answer = record.get("Answer") or {}
        aliases = field(answer, "NormalizedAliases", list, f"{where}, field 'Answer'") if answer else []
        human = [triviaqa_normalized(text) for text in answer.get("HumanAnswers", [])]
        key = field(record, "QuestionId", str, where)
        yield Question(key, field(record, "Question", str, where), (*aliases, *human), documents)


def _documents(record: Any, verified: bool, tally: Tally, where: str) -> Iterator[tuple[str, str, str | None]]:
    seen: set[str] = set()
    for kind, folder in (("EntityPages", "wikipedia"), ("SearchResults", "web")):
        for page in record.get(kind, []):
            name = field(page, "Filename", str, f"{where}, field {kind!r}")
            if verified and not page.get("DocPartOfVerifiedEval"):
                tally.notes[f"document {_UNVERIFIED}"] += 1
            elif name in seen:
                tally.notes["document named twice"] += 1
            else:
                seen.add(name)
                yield folder, name, None


def domain(name: str, title: str, *, per_document: bool) -> TriviaQaTask:
    """Returns the task of one domain, "web" or "wikipedia"."""
    return TriviaQaTask(
        name=f"triviaqa_{name}",
        title=f"TriviaQA ({title})",
        version="1",
        hub=Hub("mandarjoshi/trivia_qa", f"rc.{name}", REVISION),
        licence="Apache-2.0 (code); questions and documents as their owners state",
        source="Joshi et al. 2017, TriviaQA (arXiv:1705.03551)",
        metrics=("triviaqa",),
        headline=("triviaqa",),
        splits=("train", "validation", "verified"),
        files={
            "train": (f"qa/{name}-train.json",),
            "validation": (f"qa/{name}-dev.json",),
            "verified": (f"qa/verified-{name}-dev.json",),
        },
        per_document=per_document,
    )
