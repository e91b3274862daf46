"""The examples in the guidelines follow the guidelines."""

import re
from importlib import resources

import pytest

from gonerd import Annotation, Document, Span
from gonerd.labels import CORE
from gonerd.tokens import tokenize

TEXT = (resources.files("gonerd.annotation") / "GUIDELINES.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```example\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [line for block in BLOCKS for line in block.splitlines()]
MARKED = re.compile(r"\[([^\[\]]+)\]\{([A-Z]+)\}")


def parse(line):
    text, spans, end = "", [], 0
    for match in MARKED.finditer(line):
        text += line[end : match.start()]
        spans.append(Span(len(text), len(text) + len(match[1]), match[2]))
        text += match[1]
        end = match.end()
    return text + line[end:], tuple(spans)


def test_there_are_examples_for_every_section_and_label():
    assert len(BLOCKS) >= 8
    assert len(EXAMPLES) >= 25
    assert {s.label for line in EXAMPLES for s in parse(line)[1]} == set(CORE)
    assert re.search(r"^Version: \d+\.\d+$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_are_sound(line):
    text, spans = parse(line)
    assert spans
    assert not set("[]{}") & set(text), "stray markup"
    document = Document("example", text)
    Annotation("example", "guidelines", "1", document.sha256, spans).check(document)
    tokens = tokenize(text)
    borders = {border for token in tokens for border in token}
    for span in spans:
        surface = text[span.start : span.end]
        assert {span.start, span.end} <= borders, f"{surface!r} cuts a word"
        assert not re.match(r"(the|a|an|Mr|Ms|Mrs|Dr|Judge|Sir|M/V)\b", surface), (
            f"{surface!r} begins with what stays out"
        )
        assert not re.search(r"('s|[,;:\"”])$", surface), f"{surface!r} ends with what stays out"
