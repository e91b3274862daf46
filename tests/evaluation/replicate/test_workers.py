"""Several processes: the order of what needs each other, what is alone, a process that dies, and the same results."""

import os
import signal

import pytest

from gonerd.errors import UsageError
from gonerd.evaluation.replicate import read_replicate
from gonerd.evaluation.replicate.attempt import Clock
from gonerd.evaluation.replicate.places import Folders
from gonerd.evaluation.replicate.run import replicate
from gonerd.evaluation.replicate.work import DONE, TO_DO, Done, Outcome, State, Work
from gonerd.evaluation.replicate.workers import Team, gpus, side_by_side, with_needs
from tests.evaluation.replicate.making import write_replication


def work(name, needs=(), what=TO_DO, alone=False, run=lambda: "ran"):
    return Work(name, lambda: State(what), run, None, needs, alone)


class Hands:
    """A team that finishes last what was begun last, in this process."""

    redo = False

    def __init__(self, count, failing=()):
        self.count, self.failing, self.begun, self.log = count, failing, [], []

    is_busy = property(lambda self: bool(self.begun))
    has_room = property(lambda self: len(self.begun) < self.count)

    def begin(self, name, failed):
        self.begun.append(name)
        self.log.append(f"{name} begins" if name not in failed else "again")

    def finish(self):
        name = self.begun.pop(0)
        self.log.append(f"{name} ends")
        return Outcome(name, error="lost" if name in self.failing else "")


def test_nothing_begins_before_what_it_needs_nor_beside_what_is_alone():
    team, done, told = Hands(2), Done(), []
    alone = work("times", ["a"], alone=True, run=lambda: team.log.append("times") or "ran")
    works = [work("a"), work("b", ["a"]), work("kept", ["a"], DONE), work("c"), alone, work("d", ["kept", "gone"])]
    side_by_side(works, team, Clock.of(None), done, told.append)
    assert team.log[:6] == ["a begins", "c begins", "a ends", "b begins", "c ends", "b ends"]
    assert team.log[6:] == ["times", "d begins", "d ends"]
    assert (done.done, done.before) == (["a", "c", "b", "times", "d"], ["kept"])
    assert told[0].startswith("[1/6] a: ") and told[-1].startswith("[6/6] d: ")


def test_failures_and_the_end_of_the_time_are_told():
    team, done = Hands(2, ["a"]), Done()
    side_by_side([work("a"), work("b", ["a"], alone=True)], team, Clock.of(None), done, lambda line: None)
    assert done.failed == {"a": "lost", "b": "needs a, which failed"}
    side_by_side([work("c"), work("d", ["c"])], Hands(2), Clock.of(0), done, lambda line: None)
    assert done.left == ["c", "d"]


def test_what_is_needed_is_done_too_unless_it_is_done():
    every = [work("a"), work("b", ["a"]), work("k", ["a"], DONE), work("c", ["b", "k"]), work("d")]
    assert [one.name for one in with_needs(every[3:4], every)] == ["a", "b", "c"]
    assert [one.name for one in with_needs(every[4:], every)] == ["d"]


def test_every_worker_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert gpus(3) == ["3", "5", "3"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert gpus(2) == [None, None]


def test_a_process_that_dies_costs_its_work_alone(tmp_path):
    config = read_replicate(write_replication(tmp_path))
    with Team(config, Folders(config, tmp_path / "work"), 1, False) as team:
        team.begin("corpus/96", ())
        assert team.is_busy and not team.has_room
        (_, process), *_ = team._busy.values()
        os.kill(*process.pool._processes, signal.SIGKILL)
        assert "ended from outside" in team.finish().error
        team.begin("corpus/96", ())  # in a fresh process
        assert team.finish().error == "" and team.has_room


def test_without_workers_nothing_begins(tmp_path):
    with pytest.raises(UsageError, match="--workers 0: give at least 1"):
        replicate(read_replicate(write_replication(tmp_path)), tmp_path / "work", workers=0)
    assert not (tmp_path / "work").exists()
