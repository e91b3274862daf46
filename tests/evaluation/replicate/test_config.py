"""What a configuration may say; the shipped ones name their work with neither hub nor data at hand."""

from pathlib import Path

import pytest
import yaml

from gonerd.cli import main
from gonerd.evaluation.replicate import read_replicate
from gonerd.evaluation.replicate.cells import cells_of
from gonerd.evaluation.replicate.places import Folders
from gonerd.evaluation.replicate.plan import plan
from gonerd.evaluation.replicate.recipes import recipe_of, tokens_of
from gonerd.evaluation.replicate.systems import systems_of, variant_name
from gonerd.models.distill.steps.halve import Halve
from gonerd.models.distill.steps.pretrain import Pretrain
from tests.evaluation.replicate.making import TRAINING, settings

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
DATA = CONFIGS.parents[1] / "shared" / "data"

WRONG = {
    "an unknown key": ({"colour": "red"}, "unknown key 'colour'"),
    "an unknown attention": ({"attentions": {"longfromer": None}}, "unknown attention 'longfromer'; did you mean"),
    "an impossible option": ({"attentions": {"longformer": {"window": 15}}}, "window"),
    "another order of no attention": ({"distill_then_convert": ["lsg"]}, "of key 'distill_then_convert' 'lsg'"),
    "an unknown task": ({"tasks": {"colla": None}, "taught": []}, "unknown task 'colla'; did you mean 'cola'"),
    "a task after none": ({"tasks": {"cola": {"after": "rte"}}, "taught": []}, "'cola' comes after 'rte', which is no"),
    "seeds that are one": ({"seeds": [1, 1]}, "key 'seeds' is [1, 1]; give different whole numbers"),
    "models by seed, of another": (
        {"models_by_seed": True, "seed": 1},
        "key 'seed' is 1 and the first of 'seeds' 0; with 'models_by_seed'",
    ),
    "a seed below 0": ({"seeds": [-1]}, "key 'seeds' is [-1]"),
    "no such student": (
        {"taught": [{"student": "lsg-ctd", "teacher": "full", "tasks": ["cola"]}]},
        "unknown student of key 'taught' 'lsg-ctd'",
    ),
    "one that is taught twice": (
        {"taught": [{"student": "longformer-ctd", "teacher": "longformer", "tasks": ["more"]}] * 2},
        "names two of 'longformer-ctd-td'; put their tasks together, or say what one is 'called'",
    ),
    "one that nobody teaches, and that reads no more": (
        {"taught": [{"student": "longformer-ctd", "tasks": ["more"], "called": "longer"}]},
        "without a 'teacher' say how many 'passes' it reads, more than 1, and what it is 'called'",
    ),
    "a lesson without a teacher": (
        {"taught": [{"student": "full", "tasks": ["more"], "called": "x", "passes": 2, "distill_weight": 0.5}]},
        "'distill_weight' is of a lesson, so name its 'teacher'",
    ),
    "one that is called as another model": (
        {"taught": [{"student": "longformer", "tasks": ["more"], "called": "ctd", "passes": 2}]},
        "'longformer-ctd' is another model; say what else it is 'called'",
    ),
    "one that is called what no folder can be": (
        {"taught": [{"student": "longformer-ctd", "teacher": "longformer", "tasks": ["more"], "called": "a/b"}]},
        "'called: a/b': name it in small letters, digits and dashes",
    ),
    "a variant of nothing": (
        {"variants": {"same": {"attention": "full", "tasks": ["news"]}}},
        "say one of corpus, layers, losses and training, not none",
    ),
    "a variant of two things": (
        {"variants": {"both": {"attention": "full", "tasks": ["news"], "layers": "last", "losses": {"masked_lm": {}}}}},
        "say one of corpus, layers, losses and training, not layers, losses",
    ),
    "a variant of no attention": (
        {"variants": {"last": {"attention": "lsg", "tasks": ["news"], "layers": "last"}}},
        "unknown attention of key 'variants', 'last': 'lsg'",
    ),
    "layers that are none": (
        {"variants": {"last": {"attention": "full", "tasks": ["news"], "layers": "lsat"}}},
        "unknown choice of layers 'lsat'; did you mean 'last'",
    ),
    "a loss that is none": (
        {"losses": {"masked_ml": {}}},
        "key 'losses': unknown loss 'masked_ml'; did you mean 'masked_lm'",
    ),
    "a loss that is told what it does not know": (
        {"losses": {"masked_lm": {"wieght": 2}}},
        "loss 'masked_lm': unknown key 'wieght'",
    ),
    "a lesson that reads no states": (
        {
            "taught": [
                {
                    "student": "longformer-ctd",
                    "teacher": "longformer",
                    "tasks": ["more"],
                    "state_losses": {"soft_targets": {}},
                }
            ]
        },
        "loss 'soft_targets' reads no hidden states",
    ),
    "a variant with the name of another student": (
        {"variants": {"ctd": {"attention": "full", "tasks": ["news"], "layers": "last"}}},
        "'full-ctd' is another student; name it otherwise",
    ),
    "a variant whose name is no folder": (
        {"variants": {"../x": {"attention": "full", "tasks": ["news"], "layers": "last"}}},
        "name it in small letters, digits and dashes",
    ),
    "a variant on half of a chain": (
        {"variants": {"last": {"attention": "full", "tasks": ["more"], "layers": "last"}}},
        "'more' comes after 'squad', so name that as well",
    ),
    "a variant on no task": (
        {"variants": {"last": {"attention": "full", "tasks": ["nows"], "layers": "last"}}},
        "unknown task of key 'variants', 'last': 'nows'; did you mean 'news'",
    ),
    "pretraining without a budget": (
        {"attentions": {"full": {"pretrain": True}}},
        "say how long in 'training.converted'",
    ),
    "a budget that is none": ({"training": {"student": {**TRAINING, "steps": 0}, "short": TRAINING}}, "student.steps"),
    "two texts": ({"corpus": {"mix": {}, "recipe": "x.yaml"}}, "name either 'recipe' or 'mix'"),
    "shares beyond one": (
        {"tasks": {"cola": {"split_by_document": {"train": 0.8, "test": 0.4}}}, "taught": []},
        "must add up to 1 at most",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_configurations(name, tmp_path, capsys):
    changes, message = WRONG[name]
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(settings("encoder", **changes), sort_keys=False))
    assert main(["evaluate", "replicate", "--config", str(path), "--out", str(tmp_path / "out"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert message in said and "wrong.yaml" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["small", "paper"])
def test_a_dry_run_needs_neither_hub_nor_data(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    words = ["evaluate", "replicate", "--config", str(CONFIGS / f"replicate-{name}.yaml"), "--dry-run"]
    words += ["--data-root", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    kept = len(list((CONFIGS.parent / "benchmarks" / "results" / f"replicate-{name}").glob("*.seed-*.json")))
    assert sum(line.endswith(": done (in another working folder)") for line in lines) == kept
    assert lines[0] == "corpus/512: to do" and f"steps, {kept} done, " in lines[-2]
    assert not list(tmp_path.iterdir())
    for attention in ("full", "longformer", "bigbird", "lsg", "nystromformer"):
        assert any(line.startswith(f"model/{attention}-ctd: ") for line in lines)


def test_the_matrix_is_complete_before_it_is_deep(tmp_path):
    """Text, models, every cell of the first seed, times, all of the second, the report; a task only after another."""
    config = read_replicate(CONFIGS / "replicate-small.yaml")
    works = plan(config, Folders(config, tmp_path))
    names = [work.name for work in works]
    kinds = [name.partition("/")[0] for name in names]
    order = ["corpus", "model", "cell", "times", "model", "cell", "report"]
    assert [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind] == order
    cells = [name for name in names if name.startswith("cell/")]
    seeds = [int(name.partition(".seed-")[2].partition(".")[0]) for name in cells]
    assert seeds == sorted(seeds) and seeds.count(0) == seeds.count(1) == 15 * 11 + 5 * 5 + 13 + 11 + 3 * 11
    tasks = list(dict.fromkeys(name.split(".")[2] for name in cells))
    assert tasks == list(config.tasks) and tasks.index("squad") < tasks.index("hotpotqa")
    assert all(names.index(need) < names.index(work.name) for work in works for need in work.needs)


@pytest.mark.parametrize("name", ["small", "paper"])
def test_what_is_compared_has_read_as_much(name, tmp_path):
    """Students of either order, with a teacher or none, in windows: as many tokens; and teachers read long rows too."""
    config = read_replicate(CONFIGS / f"replicate-{name}.yaml")
    steps = {step.name: step for step in recipe_of(config, Folders(config, tmp_path)).steps}

    def read(model):
        """Tokens since the last halving, and the longest row among them."""
        step = steps[model]
        if isinstance(step, Halve) or step.model not in steps:
            return 0, 512  # what the encoder was made for
        before, longest = read(step.model)
        row = int(step.corpus.name.rpartition("-")[2]) if isinstance(step, Pretrain) else 0
        return before + tokens_of(step), max(longest, row)

    students = [system for system in systems_of(config) if system.teacher is not None]
    assert {read(system.name)[0] for system in students} == {read("longformer-ctd")[0]} and len(students) > 8
    assert all(read(system.teacher)[1] >= read(system.name)[1] for system in students)
    if name == "small":  # as its comment says
        variants = {variant_name(key, one) for key, one in config.variants.items()}
        tokens = {step: tokens_of(steps[step]) for step in steps}
        assert sum(tokens[name] for name in variants) == pytest.approx(5.5e6, rel=0.02)
        assert sum(tokens[name] for name in tokens if name not in variants) == pytest.approx(9e6, rel=0.02)


def test_what_is_taught_goes_on_from_what_was_taught(tmp_path):
    """A task after another begins from the same student's model of that: taught where it was taught on that too."""
    config = read_replicate(CONFIGS / "replicate-small.yaml")
    cells = {cell.name: cell for cell in cells_of(config, Folders(config, tmp_path), (0,))}
    for student in ("longformer-ctd", "longformer-ctd-td", "nystromformer-ctd-td", "longformer-books"):
        assert cells[f"{student}.seed-0.hotpotqa.test"].before == cells[f"{student}.seed-0.squad.test"]
    (taught,) = [one for one in config.taught if one.name == "longformer-ctd-td"]
    alone = config.model_copy(update={"taught": (taught.model_copy(update={"tasks": ("hotpotqa",)}),)})
    cells = {cell.name: cell for cell in cells_of(alone, Folders(alone, tmp_path), (0,))}
    assert cells["longformer-ctd-td.seed-0.hotpotqa.test"].before == cells["longformer-ctd.seed-0.squad.test"]


def test_nothing_is_trained_on_that_is_scored():
    """Every training part of the small configuration is drawn apart from what it scores."""
    config = read_replicate(CONFIGS / "replicate-small.yaml")
    for name, told in config.tasks.items():
        place = told.place(name, config.data_root)
        place.check_apart()
        drawn = told.split_by_document
        assert drawn is not None and place.split == "test" and told.held_out == "none"
        if "train" in drawn.shares and "test" not in drawn.shares:
            assert told.splits.get("test", "test") not in drawn.of


@pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data are not beside this checkout")
@pytest.mark.parametrize("name", ["squad", "hotpotqa", "news", "filings", "gonerd"])
def test_documents_that_are_scored_are_in_no_training_part(name):
    config = read_replicate(CONFIGS / "replicate-small.yaml", DATA)
    place = config.tasks[name].place(name, DATA)
    trained, scored = ({e.document.rpartition("/")[2] for e in place.load(split).examples} for split in ("train", None))
    assert trained and len(scored) > 8 and not trained & scored
