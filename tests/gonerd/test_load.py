"""Every way to a release: sample, folder and bare name, from any folder, in any order of imports, without a network."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import gonerd
from gonerd import GonerdError, UsageError, load_dataset
from gonerd.dataset.names import folder_of
from gonerd.dataset.schema import CONFIGS, DEFAULT, SPLITS, features, shard
from gonerd.labels import BIO_TAGS
from tests.hub import Hub, Repo

PACKAGE = Path(gonerd.__file__).parent
SIZES = {"train": 3, "validation": 1, "test": 2}
SHARDS = {"train": 2, "validation": 1, "test": 1}


def values(config, split, number):
    """A row whose every cell says where it belongs; the test compares cells, not their sense."""
    row = {}
    for name, kind in features(config).items():
        inner = getattr(kind, "feature", None)
        if inner is None:
            row[name] = number if kind.dtype == "int32" else f"{config} {split} {number} {name}"
        elif isinstance(inner, dict):
            row[name] = [{"start": 0, "end": number + 1, "label": "PER"}]
        else:
            row[name] = [f"{split}{number}"] if inner.dtype == "string" else [number]
    return row


def make_release(folder, configs=tuple(CONFIGS), version="1.2.3", mark=""):
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for config in configs:
        paths = []
        for split, count in SIZES.items():
            rows = [values(config, split + mark, number) for number in range(count)]
            for index, of in ((index, SHARDS[split]) for index in range(SHARDS[split])):
                path = folder / shard(config, split, index, of)
                path.parent.mkdir(parents=True, exist_ok=True)
                part = rows[index * 2 : index * 2 + 2]
                pq.write_table(pa.Table.from_pylist(part, schema=features(config).arrow_schema), path)
            paths.append({"split": split, "path": f"data/{config}/{split}-*.parquet"})
        entries.append({"config_name": config, "data_files": paths, "description": f"fixture {version} {mark}"})
    entries[0]["default"] = True
    card = yaml.safe_dump({"configs": entries}, sort_keys=False)
    (folder / "README.md").write_text(f"---\n{card}---\n\n# Fixture\n", encoding="utf-8")
    write_manifest(folder, name="fixture", version=version)
    return folder


def write_manifest(folder, **fields):
    files = {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size} for path in folder.rglob("*.parquet")}
    (folder / "data" / "manifest.json").write_text(json.dumps({**fields, "files": files}))


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("fixture") / "release")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A copy of the package, with a release inside, that a process can have in place of the one under test."""
    root = tmp_path_factory.mktemp("site")
    skip = shutil.ignore_patterns("data", "figures", "demo", "__pycache__", "README.md", "croissant.json")
    shutil.copytree(PACKAGE, root / "gonerd", ignore=skip)
    make_release(root / "gonerd", version="9.8.7")
    return root


@pytest.fixture
def python(installed, tmp_path):
    """Runs code in an empty folder, in a process of its own with caches of its own, and returns what it prints."""
    here, home = tmp_path / "empty", tmp_path / "home"
    here.mkdir()

    def run(code, cwd=here, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTHON", "COV_"))}
        # `datasets` imports torch when it streams, which takes longer than everything else together.
        settings = {"PYTHONPATH": str(installed), "HF_HOME": str(home), "USE_TORCH": "0"}
        command = [sys.executable, "-P", "-W", "error::ImportWarning", "-c", textwrap.dedent(code)]
        done = subprocess.run(
            command, cwd=cwd, env={**kept, **settings, **environment}, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("streaming", [False, True])
def test_every_config_of_a_folder_loads_as_written(release, config, streaming):
    loaded = load_dataset(release, config, streaming=streaming)
    kind = datasets.IterableDatasetDict if streaming else datasets.DatasetDict
    assert isinstance(loaded, kind) and list(loaded) == list(SPLITS)
    for split, rows in loaded.items():
        assert list(rows) == [values(config, split, number) for number in range(SIZES[split])]
        assert rows.features == features(config)


def test_documents_are_the_default_and_labels_keep_their_names(release):
    rows = load_dataset(release, split="train")
    assert rows.column_names == list(features(DEFAULT))
    assert rows.features["ner_tags"].feature.names == list(BIO_TAGS)
    assert load_dataset(release, split="train[:34%]").num_rows == 1
    first = next(iter(load_dataset(str(release), "spans", split="test", streaming=True)))
    assert first == values("spans", "test", 0)


def test_revision_of_a_folder_is_its_version(release, tmp_path):
    for revision in ("1.2.3", "v1.2.3"):
        assert set(load_dataset(release, revision=revision)) == set(SPLITS)
    with pytest.raises(GonerdError, match=r"release: holds version 1\.2\.3, not '2\.0'"):
        load_dataset(release, revision="2.0")
    bare = make_release(tmp_path / "bare", configs=[DEFAULT])
    (bare / "data" / "manifest.json").unlink()
    assert set(load_dataset(bare)) == set(SPLITS)
    with pytest.raises(GonerdError, match=r"manifest\.json: no such file; .*leave out the revision"):
        load_dataset(bare, revision="1.2.3")


def test_a_rebuilt_folder_loads_as_itself(tmp_path):
    for mark in ("a", "b"):
        make_release(tmp_path / "again", configs=[DEFAULT], mark=mark)
        assert load_dataset(tmp_path / "again", split="test")[0] == values(DEFAULT, f"test{mark}", 0)


def damage(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_what_is_no_release_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, error, message in [
        ("empty", GonerdError, r"empty: holds no data/documents/\*\.parquet, so"),
        ("older", GonerdError, "the layout of an older version"),
        ("file", GonerdError, "file: is a file, and a release is a folder"),
        ("./nowhere", GonerdError, r"\./nowhere: no such folder"),
        ("~/no/such/place", GonerdError, "no such folder"),
        ("corrupt", GonerdError, "corrupt: not loadable: .*[Pp]arquet"),
        ("cardless", GonerdError, "cardless: not loadable: .*documents"),
        ("crooked", GonerdError, "crooked: not loadable: "),
        ("owner/name", GonerdError, "'owner/name' is neither a folder nor loadable from the hub"),
        ("json", GonerdError, r"json: no such folder, and no hub id \(OWNER/NAME\)"),
        ("parquet", GonerdError, r"parquet: no such folder, and no hub id"),
        ("~no-such-user/x", GonerdError, "~no-such-user/x: no such folder .*check the path"),
        ("x" * 300 + "/y", GonerdError, "xxx/y: no such folder .*check the path"),
        ("altered", GonerdError, r"altered/data/documents/train-00000-of-00002\.parquet: changed since it was built"),
        ("halved", GonerdError, r"halved/data/documents/test-00000-of-00001\.parquet: changed since .* build it again"),
    ]:
        (tmp_path / "empty").mkdir(exist_ok=True)
        damage(tmp_path / "older" / "data" / "train-00000-of-00001.parquet", b"")
        damage(tmp_path / "file", b"")
        for folder in ("corrupt", "cardless", "crooked", "altered", "halved"):
            make_release(tmp_path / folder, configs=[DEFAULT])
        for folder in ("corrupt", "altered"):
            damage(tmp_path / folder / shard(DEFAULT, "train", 0, 2), b"PAR1 no parquet PAR1")
        (tmp_path / "corrupt" / "data" / "manifest.json").unlink()
        (tmp_path / "halved" / shard(DEFAULT, "test", 0, 1)).unlink()
        (tmp_path / "cardless" / "README.md").unlink()
        damage(tmp_path / "crooked" / "README.md", b"---\nconfigs: [\n---\n")
        with pytest.raises(error, match=message) as caught:
            load_dataset(name)
        assert "\n" not in str(caught.value)


def test_names_that_do_not_exist_are_one_sentence(release, tmp_path):
    with pytest.raises(UsageError, match="unknown config 'span'; did you mean 'spans'"):
        load_dataset(release, "span")
    small = make_release(tmp_path / "small", configs=[DEFAULT, "spans"])
    with pytest.raises(GonerdError, match="has no config 'annotators'; it has documents, spans"):
        load_dataset(small, "annotators")
    for streaming in (False, True):
        with pytest.raises(GonerdError, match=r"not loadable: .*dev"):
            load_dataset(release, split="dev", streaming=streaming)
    with pytest.raises(UsageError, match="data_dir, labels and fold are for 'original' alone"):
        load_dataset(release, data_dir="x")
    with pytest.raises(UsageError, match="'original' has the config 'documents' alone"):
        load_dataset("original", "spans", data_dir="x")


def test_a_folder_named_like_a_builder_is_a_folder(tmp_path, monkeypatch):
    make_release(tmp_path / "json", configs=[DEFAULT])
    monkeypatch.chdir(tmp_path)
    assert load_dataset("json", split="train").num_rows == SIZES["train"]


def test_what_names_stand_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folder_of("sample") == folder_of("gonerd") == PACKAGE
    assert folder_of("original") is folder_of("owner/name") is None
    for name in ("sample", "original"):
        make_release(tmp_path / name, configs=[DEFAULT])
        assert folder_of(f"./{name}") == folder_of(Path(name)) == Path(name)
    assert folder_of("sample") == PACKAGE
    assert folder_of("original") is None
    assert load_dataset("./sample", split="train")[0] == values(DEFAULT, "train", 0)
    (tmp_path / "sample" / "README.md").rename(tmp_path / "card")
    assert folder_of("sample") == PACKAGE


MANIFESTS = {
    "no JSON": "{",
    "a list": "[]",
    "no name": '{"version": "1", "files": {}}',
    "no version": '{"name": "n", "version": "", "files": {}}',
    "no files": '{"name": "n", "version": "1"}',
    "a number": '{"name": "n", "version": 1, "files": {}}',
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_folder_called_gonerd_stands_in_for_the_package_only_as_a_whole_release(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = make_release(tmp_path / "gonerd", configs=[DEFAULT])
    assert folder_of("gonerd") == here
    (here / "data" / "manifest.json").write_text(MANIFESTS[case])
    assert folder_of("gonerd") == PACKAGE
    shutil.rmtree(here)
    assert folder_of("gonerd") == PACKAGE
    spans = make_release(here, configs=["spans"])
    assert spans == here and folder_of("gonerd") == PACKAGE


def test_a_stream_has_no_parts(release, tmp_path):
    """The same sentence for a release and for the predecessor; both give whole splits and unions of them."""
    row = json.dumps({"tokens": ["Oslo"], "ner_tags": ["B-LOC"]})
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(f"{row}\n")
    for name, more, counts in ((release, {}, (5, 6)), ("original", {"data_dir": tmp_path}, (2, 2))):
        with pytest.raises(UsageError, match=r"^split 'train\[:10%\]': a stream gives whole splits; leave out"):
            load_dataset(name, split="train[:10%]", streaming=True, **more)
        found = [load_dataset(name, split=split, streaming=True, **more) for split in ("train+test", "all")]
        assert tuple(len(list(rows)) for rows in found) == counts


def test_a_hub_that_cannot_be_reached_is_one_sentence(python):
    """Nobody listens on port 1, whichever HTTP library the hub's client has beneath it."""
    code = """
    import time, gonerd
    time.sleep = lambda seconds: None  # the client tries again and again
    calls = {"nobody/nothing": {}, "original": {"revision": "main"}}
    for name, options in calls.items():
        try:
            gonerd.load_dataset(name, **options)
        except gonerd.GonerdError as error:
            print(type(error).__name__, str(error))
    """
    printed = python(code, HF_ENDPOINT="http://127.0.0.1:1", HF_HUB_OFFLINE="0").splitlines()
    assert len(printed) == 2
    assert printed[0].startswith("GonerdError dataset 'nobody/nothing' is neither a folder nor loadable from the hub: ")
    assert printed[1].startswith("GonerdError giant-oak/GONERD at 'main' cannot be fetched from the hub (")


@pytest.mark.parametrize(("imports", "offline"), [("import datasets, gonerd", "1"), ("import gonerd, datasets", "0")])
def test_the_bare_name_works_in_any_order_of_imports(python, imports, offline):
    printed = python(
        f"""
    {imports}
    import json
    from datasets import load_dataset
    spans = load_dataset("gonerd", "spans", split="train", streaming=True)
    print(json.dumps({{
        "splits": {{name: rows.num_rows for name, rows in load_dataset("gonerd").items()}},
        "id": load_dataset("gonerd", split="test[1:]")["id"][0],
        "span": next(iter(spans))["id"],
        "columns": load_dataset(path="gonerd", name="sentences", split="test").column_names,
        "builder": datasets.load_dataset_builder("gonerd").config.name,
        "configs": datasets.get_dataset_config_names("gonerd"),
        "default": datasets.get_dataset_default_config_name("gonerd"),
        "split_names": datasets.get_dataset_split_names("gonerd", "spans"),
        "infos": sorted(datasets.get_dataset_infos("gonerd")),
        "sample": gonerd.load_dataset(split="train", revision="9.8.7").num_rows,
    }}))
    """,
        HF_HUB_OFFLINE=offline,
    )
    assert json.loads(printed) == {
        "splits": SIZES,
        "id": "documents test 1 id",
        "span": "spans train 0 id",
        "columns": list(features("sentences")),
        "builder": DEFAULT,
        "configs": list(CONFIGS),
        "default": DEFAULT,
        "split_names": list(SPLITS),
        "infos": sorted(CONFIGS),
        "sample": SIZES["train"],
    }


def test_a_release_on_the_hub_is_read_at_its_revision(python, tmp_path):
    with Hub() as hub:
        repo = hub.repos["owner/name"] = Repo()
        for version in ("1.0.0", "2.0.0"):
            folder = make_release(tmp_path / version, [DEFAULT, "spans"], version, mark=f"-{version}")
            files = [path for path in folder.rglob("*") if path.is_file()]
            sha = repo.commit({path.relative_to(folder).as_posix(): path.read_bytes() for path in files}, version)
            repo.tags[f"v{version}"] = sha
        code = """
        import gonerd
        for revision, streaming in (("v1.0.0", False), ("v1.0.0", True), (None, False), ("v3", False)):
            try:
                rows = gonerd.load_dataset("owner/name", "spans", split="test", revision=revision, streaming=streaming)
                print(next(iter(rows))["id"])
            except gonerd.GonerdError as error:
                print(error)
        try:
            gonerd.load_dataset("owner/nothing")
        except gonerd.GonerdError as error:
            print(error)
        """
        printed = python(code, HF_ENDPOINT=hub.endpoint).splitlines()
    assert printed[:3] == ["spans test-1.0.0 0 id"] * 2 + ["spans test-2.0.0 0 id"]
    assert len(printed) == 5 and "'owner/name' is neither a folder nor loadable from the hub: " in printed[3]
    assert "v3" in printed[3] and "'owner/nothing' is neither a folder nor loadable from the hub: " in printed[4]


# Every look at a folder and every attempt to reach a network, seen by the interpreter itself.
WATCH = """
import os, sys
seen = []
def watch(event, arguments):
    local = event == "socket.connect" and isinstance(arguments[1], (str, bytes))  # how processes talk
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname") and not local:
        seen.append(event)
        raise RuntimeError("no network here")  # an OSError would be tried again
    if event in ("os.scandir", "os.listdir"):
        folder = os.path.abspath(arguments[0] if isinstance(arguments[0], str) else ".")
        if folder.startswith(os.getcwd()):
            seen.append(folder)
sys.addaudithook(watch)
"""


def test_the_bare_name_needs_neither_network_nor_a_look_around(python, tmp_path):
    """With `spawn`, the processes of `num_proc` import everything afresh and know nothing of the hook."""
    (tmp_path / "empty" / "inner").mkdir()
    code = """
    if __name__ == "__main__":
        import contextlib, gonerd, multiprocess
        multiprocess.set_start_method("spawn")
        from datasets import load_dataset
        seen.clear()
        print(load_dataset("gonerd", split="train", num_proc=2)["id"][2])
        print(next(iter(load_dataset("gonerd", split="test", streaming=True)))["id"])
        print(seen)
        for name in ("parquet", "owner/gonerd"):
            with contextlib.suppress(Exception):
                load_dataset(name)
            print(len(seen) > 0)
            seen.clear()
    """
    printed = python(WATCH + textwrap.dedent(code)).splitlines()
    assert printed[:3] == ["documents train 2 id", "documents test 0 id", "[]"]
    # The watch sees what other names do: a builder's name looks around, a hub id asks the network.
    assert printed[3:] == ["True", "True"]


def test_a_release_here_wins_over_the_packaged_one_and_another_folder_does_not(python, tmp_path):
    (tmp_path / "other" / "gonerd" / "data").mkdir(parents=True)
    (tmp_path / "other" / "gonerd" / "rows.csv").write_text("a,b\n1,2\n")
    make_release(tmp_path / "mine" / "gonerd", version="0.5", mark="-mine")
    code = """
    import os, gonerd, datasets
    for folder in ("other", "mine"):
        os.chdir(os.path.join("..", folder))
        print(next(iter(datasets.load_dataset("gonerd", split="test", streaming=True)))["id"])
        for revision in ("9.8.7", "v0.5"):
            try:
                print(len(datasets.load_dataset("gonerd", revision=revision)))
            except gonerd.GonerdError as error:
                print(error)
    """
    printed = python(code).splitlines()
    assert printed[:2] == ["documents test 0 id", "3"] and "holds version 9.8.7, not 'v0.5'" in printed[2]
    assert printed[3::2] == ["documents test-mine 0 id", "3"] and "holds version 0.5, not '9.8.7'" in printed[4]


def test_an_installation_without_data_says_so(python, installed):
    code = """
    import gonerd, datasets
    for load in (datasets.load_dataset, datasets.get_dataset_config_names, gonerd.load_dataset):
        try:
            load("gonerd")
        except gonerd.GonerdError as error:
            print("lacks the packaged release" in str(error))
    """
    manifest = installed / "gonerd" / "data" / "manifest.json"
    hidden = manifest.rename(manifest.with_name("hidden"))
    try:
        assert python(code).split() == ["True"] * 3
    finally:
        hidden.rename(manifest)


def test_import_pulls_in_nothing_heavy_and_installs_one_finder(python):
    code = """
    import sys, importlib, gonerd
    from gonerd.dataset import hook
    hook.install()
    importlib.reload(gonerd)
    print(sorted({"datasets", "pyarrow", "yaml", "httpx", "huggingface_hub"} & set(sys.modules)))
    print(sum(type(finder).__name__ == "_Finder" for finder in sys.meta_path))
    import datasets.load
    first = datasets.load.dataset_module_factory
    hook.install()
    print(datasets.load.dataset_module_factory is first is datasets.inspect.dataset_module_factory)
    again = importlib.reload(datasets.load)
    print(hasattr(again.dataset_module_factory, "_knows_gonerd"), again.__loader__.get_source("datasets.load")[:1])
    """
    assert python(code).splitlines() == ["[]", "1", "True", "True #"]


@pytest.mark.parametrize("inside", ["", "dataset_module_factory = 3", "def load(): return 1"])
def test_another_module_of_that_name_is_left_alone(python, installed, tmp_path, inside):
    """Many a project has a `datasets` folder of its own, and a later `datasets` may be made differently."""
    site = tmp_path / "site"
    (site / "datasets").mkdir(parents=True)
    (site / "datasets" / "__init__.py").write_text("")
    (site / "datasets" / "load.py").write_text(inside)
    path = os.pathsep.join([str(site), str(installed)])
    code = """
    import gonerd, datasets.load
    print(datasets.load.__file__, sorted(n for n in vars(datasets.load) if n[0] != "_"))
    """
    names = [name for name in ("dataset_module_factory", "load") if name in inside]
    assert python(code, PYTHONPATH=path) == f"{site}/datasets/load.py {names}"


def test_the_hook_gets_along_with_another_that_asks_everybody(python):
    code = """
    import importlib.abc, importlib.util, sys, gonerd
    class Other(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name == "datasets.load":
                others = (finder for finder in sys.meta_path if finder is not self)
                return next((s for finder in others if (s := finder.find_spec(name, path, target))), None)
    sys.meta_path.append(Other())
    sys.meta_path.insert(0, Other())
    import datasets
    print(len(datasets.load_dataset("gonerd")))
    """
    assert python(code) == "3"


SPEED = """
import json, time, gonerd
import torch  # as above: imports do not count
from datasets import load_dataset
times = []
for streaming in (True, False):
    start = time.perf_counter()
    loaded = load_dataset("gonerd", streaming=streaming)
    first = next(iter(loaded["train"]))["id"]
    times.append(time.perf_counter() - start)
print(json.dumps([first, *times]))
"""


def test_loading_in_an_empty_folder_is_fast(python):
    first, *times = json.loads(python(SPEED, USE_TORCH="AUTO"))
    assert first == "documents train 0 id" and max(times) < 3


@pytest.mark.slow
def test_loading_amid_200_000_files_is_fast(python, tmp_path):
    crowd = tmp_path / "crowd"
    try:
        for folder in (crowd / str(number) for number in range(200)):
            folder.mkdir(parents=True)
            (folder / "0.csv").touch()
            for number in range(1, 1000):  # a name is what a listing costs, and a link is the quickest to make
                os.link(folder / "0.csv", folder / f"{number}.csv")
        first, *times = json.loads(python(SPEED, cwd=crowd, USE_TORCH="AUTO"))
        assert first == "documents train 0 id" and max(times) < 3
    finally:
        shutil.rmtree(crowd, ignore_errors=True)
