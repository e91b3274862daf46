"""The published sizes of datasets, counted in their original files where these lie beside the checkout."""

from pathlib import Path

import pytest

from gonerd.evaluation.tasks import TASKS

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data are not beside this checkout")


@pytest.mark.parametrize(
    ("name", "folder", "split", "examples"),
    [
        ("cola", "glue/CoLA", "train", 8551),
        ("cola", "glue/CoLA", "validation", 1043),
        ("sst2", "glue/SST-2", "train", 67349),
        ("sst2", "glue/SST-2", "validation", 872),
        ("rte", "glue/RTE", "train", 2490),
        ("rte", "glue/RTE", "validation", 277),
        ("mrpc", "glue/MRPC", "test", 1725),
        ("qnli", "glue/QNLI", "validation", 5463),
        ("stsb", "glue/STS-B", "train", 5749),
        ("stsb", "glue/STS-B", "validation", 1500),
        ("stsb", "glue/STS-B", "test", 1379),
    ],
)
def test_sizes(name, folder, split, examples):
    loaded = TASKS.get(name).load(split, DATA / folder)
    assert (len(loaded.examples), loaded.tally.set_aside) == (examples, {})
    labels = TASKS.get(name).labels
    golds = {example.gold for example in loaded.examples}
    assert golds == set(range(len(labels))) if labels else (min(golds), max(golds)) == (0, 5)


@pytest.mark.parametrize(("split", "articles", "words", "mentions"), [("validation", 216, 51362, 5942)])
def test_the_size_of_conll_2003(split, articles, words, mentions):
    """Tables 1 and 2 of the shared task's paper."""
    examples = TASKS.get("conll2003").load(split, DATA / "ner").examples
    assert len(examples) == articles
    assert sum(len(example.words) for example in examples) == words
    assert sum(len(example.spans) for example in examples) == mentions


def test_answers_stand_where_the_files_say():
    for name, folder in (("squad", "qa"), ("hotpotqa", "qa"), ("triviaqa_web", "qa/triviaqa_sample")):
        loaded = TASKS.get(name).load("validation", DATA / folder)
        assert loaded.tally.read == len(loaded.examples) > 0
        assert not loaded.tally.notes
