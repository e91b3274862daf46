"""Efficiency cells are real measurements, and the report says what the result files say."""

import json
import re

import pytest

from gonerd import GonerdError, UsageError
from gonerd.evaluation.report import write_report


def scores(model, f1, layers, parameters):
    micro = {"f1": f1, "precision": f1, "recall": f1, "correct": 3, "predicted": 4, "gold": 4}
    return {
        "kind": "scores",
        "model": model,
        "task": "gonerd",
        "task_version": "1",
        "layers": layers,
        "parameters": parameters,
        "attention": "longformer/unpadded-flash-merge",
        "dtype": "torch.float32",
        "weights_sha256": "0" * 64,
        "documents": 1,
        "documents_before_limit": 2,
        "split": "test",
        "words": 10,
        "windows": 1,
        "words_truncated": 0,
        "words_unseen": 0,
        "max_length": 512,
        "stride": 64,
        "dataset": {"name": "<b>data</b>", "version": "1"},
        "scores": {"micro": micro, "PER": micro},
        "seqeval_strict": {"f1": f1},
        "environment": {
            "git": None,
            "python": "3",
            "libraries": {"torch": "2"},
            "machine": "x",
            "device": "cpu",
            "threads": 2,
        },
    }


def cell(model, seconds, megabytes):
    return {
        "model": model,
        "length": 512,
        "batch": 1,
        "seconds": seconds,
        "quartiles": [seconds, seconds],
        "tokens_per_second": 512 / seconds,
        "peak_bytes": megabytes * 10**6,
        "weight_bytes": 10**6,
        "attention": "longformer/unpadded-flash-merge",
    }


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    big, small = scores("big", 0.8, 12, 100), scores("small", 0.6, 6, 60)
    for value in (big, small):
        (folder / f"{value['model']}.json").write_text(json.dumps(value))
    cells = [cell("big", 2.0, 100), cell("small", 0.5, 75)]
    timed = {"kind": "efficiency", "cells": cells, "environment": big["environment"]}
    (folder / "efficiency.json").write_text(json.dumps(timed))
    return folder


def test_kept_and_saved_by_hand(results, tmp_path):
    html, markdown = write_report(results, tmp_path / "out")
    text = markdown.read_text()
    (student,) = [line for line in text.splitlines() if "| small |" in line and "student" in line]
    assert "75.0%" in student  # 0.6 of 0.8
    (timed,) = [line for line in text.splitlines() if "| small |" in line and " 500 |" in line]
    assert "75.0%" in timed  # 0.5 s instead of 2 s
    assert "25.0%" in timed  # 75 MB instead of 100
    page = html.read_text()
    assert page.count("<svg") == 3
    assert "&lt;b&gt;data" in page
    assert "<b>data" not in page


def test_the_page_is_self_contained(results, tmp_path):
    page = write_report(results, tmp_path / "out")[0].read_text()
    assert not re.search(r"""(src|href)=["'](?!#)""", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
    assert "<script" not in page


def test_the_teacher_can_be_named(results, tmp_path):
    text = write_report(results, tmp_path / "out", teacher="small")[1].read_text()
    assert "133.3%" in text
    with pytest.raises(UsageError, match="did you mean 'small'"):
        write_report(results, tmp_path / "out", teacher="smal")


def test_only_the_same_documents_compare(results, tmp_path):
    value = json.loads((results / "small.json").read_text())
    (results / "small.json").write_text(json.dumps({**value, "split": "validation"}))
    (results / "stranger.json").write_text("[1]")
    assert "n/a (other documents)" in write_report(results, tmp_path / "out")[1].read_text()


def test_broken_result_files_are_named(results, tmp_path):
    (results / "big.json").write_text("{")
    with pytest.raises(GonerdError, match=r"big\.json: not valid JSON"):
        write_report(results, tmp_path / "out")
