"""HotpotQA, distractor setting: answers that need two of ten paragraphs, with the sentences that support them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError
from gonerd.evaluation.metrics.hotpotqa import Hop

from . import TASKS, Hub
from ._examples import QuestionExample, Section
from ._files import field, read_json
from ._questions import QuestionTask, answers_of
from ._tally import Tally

if TYPE_CHECKING:
    from gonerd.models.finetuning import Answer

CHOICES = ("yes", "no")
_UNFOUND = "answer in no supporting sentence"
_NO_SUCH_FACT = "supporting fact without its sentence"


@dataclass(frozen=True, kw_only=True)
class HotpotQa(QuestionTask):
    """The context is title and sentences of each paragraph, one after the other, paragraphs parted by a blank line."""

    group: str = "long-qa"
    splits: tuple[str, ...] = ("train", "validation")

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads a file of the original distribution, or its records one a line."""
        records = read_json(path, "a list of HotpotQA records")
        if not isinstance(records, list):
            raise GonerdError(f"{path}: holds no list of records, so it is not a file of HotpotQA")
        for number, record in enumerate(records):
            where = f"{path}, record {number}"
            paragraphs = [
                _pair(paragraph, str, list, f"{where}, paragraph {i}")
                for i, paragraph in enumerate(field(record, "context", list, where))
            ]
            facts = [
                _pair(fact, str, int, f"{where}, supporting fact {i}")
                for i, fact in enumerate(field(record, "supporting_facts", list, where))
            ]
            yield _example(
                tally,
                field(record, "_id", str, where),
                field(record, "question", str, where),
                field(record, "answer", str, where),
                paragraphs,
                facts,
            )

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads the rows of the hub's dataset."""
        for row in rows:
            paragraphs = list(zip(row["context"]["title"], row["context"]["sentences"], strict=True))
            facts = list(zip(row["supporting_facts"]["title"], row["supporting_facts"]["sent_id"], strict=True))
            yield _example(tally, row["id"], row["question"], row["answer"], paragraphs, facts)

    def gold(self, example: QuestionExample) -> Hop:
        """Returns the answer with its supporting facts."""
        return Hop(example.answers[0], frozenset(example.supporting))

    def guess(self, example: QuestionExample, found: Answer) -> Hop:
        """Returns the answer; supporting facts are not predicted."""
        return Hop(found.text)

    def absent(self, gold: Hop) -> Hop:
        """Returns neither an answer nor facts."""
        return Hop(None)

    def predictions(self, path: Path, **options: str) -> dict[str, Hop]:
        """Reads `{"answer": {id: text}, "sp": {id: [[title, sentence], …]}}`; "sp" may be left out."""
        value = read_json(path, "an object with 'answer' and 'sp'")
        answers = answers_of(field(value, "answer", dict, str(path)), f"{path}, field 'answer'")
        facts = field(value, "sp", dict, str(path)) if "sp" in value else {}
        found = {}
        for name in {**answers, **facts}:
            where = f"{path}, field 'sp', id {name!r}"
            pairs = facts.get(name)
            if pairs is not None and not isinstance(pairs, list):
                raise GonerdError(f"{where}: expected a list of [title, sentence]; mend the file")
            held = None if pairs is None else frozenset(_pair(pair, str, int, where) for pair in pairs)
            found[name] = Hop(answers.get(name), held)
        return found


def _pair(value: Any, first: type, second: type, where: str) -> tuple[Any, Any]:
    if not (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], first) and isinstance(value[1], second)
    ):
        raise GonerdError(f"{where}: expected [{first.__name__}, {second.__name__}]; mend the file")
    return value[0], value[1]


def _example(
    tally: Tally,
    key: str,
    question: str,
    answer: str,
    paragraphs: list[tuple[str, list[str]]],
    facts: list[tuple[str, int]],
) -> QuestionExample:
    tally.read += 1
    context, sections = "", []
    for title, sentences in paragraphs:
        context += f"{title}\n"
        for index, sentence in enumerate(sentences):
            sections.append(Section(title, index, len(context), len(context) + len(sentence)))
            context += sentence
        context += "\n\n"
    supporting = set(facts)
    places = [section for section in sections if (section.name, section.index) in supporting]
    tally.notes.update([_NO_SUCH_FACT] if len({(s.name, s.index) for s in places}) < len(supporting) else [])
    found = [context.find(answer, section.start, section.end) for section in places] if answer not in CHOICES else []
    starts = tuple(start for start in found if start >= 0)
    tally.notes.update([_UNFOUND] if not starts and answer not in CHOICES else [])
    return QuestionExample(
        key,
        key,
        question,
        context.rstrip("\n"),
        (answer,) * max(len(starts), 1),
        starts or (-1,),
        tuple(sections),
        tuple(facts),
    )


TASKS.register("hotpotqa")(
    HotpotQa(
        name="hotpotqa",
        title="HotpotQA (distractor)",
        version="1",
        hub=Hub("hotpotqa/hotpot_qa", "distractor", "1908d6afbbead072334abe2965f91bd2709910ab"),
        licence="CC BY-SA 4.0",
        source="Yang et al. 2018, HotpotQA (arXiv:1809.09600)",
        metrics=("hotpotqa",),
        headline=("hotpotqa",),
        files={
            "train": ("hotpot_train_v1.1.json", "hotpot*_train*.json"),
            "validation": (
                "hotpot_dev_distractor_v1.json",
                "hotpot*_dev_distractor*.json",
                "hotpot*_dev_distractor*.jsonl",
            ),
        },
    )
)
