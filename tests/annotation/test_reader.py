"""The linear chain: its chances against all sequences, legal forms, what it is fitted on."""

import itertools

import numpy as np
import pytest

from gonerd import Span
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.draft import Draft, Mention
from gonerd.annotation.features import features
from gonerd.annotation.reader import Reader, fit_reader, reread
from gonerd.annotation.rules import chosen
from gonerd.annotation.rules.organisations import with_form
from gonerd.labels import BIO_TAGS
from tests.annotation.test_train import reviewed


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("reader") / "reader.crfsuite"
    fit_reader([(Draft(text, []), spans) for text, spans in reviewed(6)], path)
    return Reader.load(path)


def test_chances_are_those_of_all_sequences(fitted):
    _, rows = features(Draft("They met Quillo today", []))
    fitted.tagger.set(rows)
    known = fitted.tagger.labels()
    expected = np.zeros((len(rows), len(BIO_TAGS)))
    for tags in itertools.product(known, repeat=len(rows)):
        chance = fitted.tagger.probability(list(tags))
        for i, tag in enumerate(tags):
            expected[i, BIO_TAGS.index(tag)] += chance
    found = fitted.chances(rows)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert found[2].argmax() == BIO_TAGS.index("B-MISC")


def test_chances_of_a_long_text_stay_chances(fitted):
    _, rows = features(Draft("A crew left Quillo at noon. " * 3_000, []))
    found = fitted.chances(rows)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "rest", "whole"),
    [
        ("Blue Tern", ", Inc. said", "Blue Tern, Inc."),
        ("Blue Tern & Co.", " , Inc. said", "Blue Tern & Co. , Inc."),
        ("Blue Tern", " Holdings said", "Blue Tern"),
        ("Blue Tern", " Pty Ltd said", "Blue Tern Pty Ltd"),
        ("Blue Tern", ", Incumbent", "Blue Tern"),
        ("BLUE TERN", " AS REPORTED", "BLUE TERN"),
        ("Blue Tern", "\nInc. said", "Blue Tern"),
    ],
)
def test_a_legal_form_stays_in(name, rest, whole):
    text = name + rest
    assert text[: with_form(text, len(name))] == whole
    given = Draft(text, [])
    reread(given, [Span(0, len(name), "ORG")], "reader")
    assert [text[m.start : m.end] for m in given.mentions] == [whole]
    other = Draft(text, [])
    reread(other, [Span(0, len(name), "LOC")], "reader")
    assert [m.end for m in other.mentions] == [len(name)]


def test_a_form_that_was_read_as_a_name_is_none():
    text = "Blue Tern, Inc. paid Oslo"
    given = Draft(text, [Mention(0, 15, "ORG", "base")])
    reread(given, [Span(0, 9, "ORG"), Span(11, 15, "ORG"), Span(21, 25, "LOC")], "reader")
    assert [(m.start, m.end, m.source) for m in given.mentions] == [(0, 15, "base"), (21, 25, "reader")]


def test_nothing_to_mark_is_learned_too(tmp_path):
    text = "nothing is named in this text, and nothing will be. " * 40
    fit_reader([(Draft(text, []), ())], tmp_path / "reader")
    found = Draft("Nothing here either", [])
    Reader.load(tmp_path / "reader").read(found)
    assert not found.mentions


class SeesTheFund:
    """A reader that knows one name."""

    def read(self, draft):
        draft.mentions = [Mention(0, len("Tern Global Value Fund"), "ORG", "reader")]


def test_rules_that_go_by_the_text_run_once_more_after_a_reader():
    text = "Tern Global Value Fund (Global Value) met. Its sister fund bought from Global Value."
    for rules, found in ((chosen(), 3), (chosen(without=["aliases"]), 1)):
        given = Draft(text, [])
        Annotator([], rules, reader=SeesTheFund()).settle(given)
        assert len(given.mentions) == found
        assert given.mentions[0].source == "reader"
