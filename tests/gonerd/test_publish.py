"""Publishing against a hub on the loopback address: what arrives, what is refused, and what a second run does."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap

import huggingface_hub
import huggingface_hub.utils
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from gonerd.dataset.publish import publish
from gonerd.dataset.schema import features, shard
from gonerd.dataset.verified import verified
from gonerd.errors import GonerdError, UsageError
from tests.hub import READER, WRITER, Dropped, Hub

# The hub's client calls its HTTP library in a way that library is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
REPO = "harbour/quays"
TEXT = "Marta Ilves of Port Sable 🙂 wrote to the Board."
SPANS = [{"start": 0, "end": 11, "label": "PER"}, {"start": 15, "end": 25, "label": "LOC"}]
SPLITS = {"train": 2, "test": 1}
CARD = """---
configs:
- config_name: documents
  default: true
  data_files:
  - {split: train, path: data/documents/train-*.parquet}
  - {split: test, path: data/documents/test-*.parquet}
- config_name: spans
  data_files:
  - {split: train, path: data/spans/train-*.parquet}
  - {split: test, path: data/spans/test-*.parquet}
---
# Quays
"""


def document(name):
    words = {"tokens": TEXT.split(), "token_starts": [0, 6, 12, 15, 20, 26, 28, 34, 37, 41], "ner_tags": [0] * 10}
    plain = {"id": name, "domain": "news", "license": "CC0-1.0", "text": TEXT, "sentence_starts": [0], "spans": SPANS}
    return {**plain, **words}


def span(name):
    return {"id": f"{name}-0", "document_id": name, "start": 0, "end": 11, "label": "PER", "text": TEXT[:11]}


def write_rows(path, config, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=features(config).arrow_schema), path)


def write_manifest(folder, version="1.0.0", release="full"):
    listed = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".parquet", ".png", ".md")]
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in sorted(listed)
    }
    manifest = {"name": "quays", "version": version, "release": release, "documents": 3, "files": files}
    (folder / "data/manifest.json").write_text(json.dumps(manifest))


def make_release(folder, version="1.0.0", shards=1):
    for split, rows in SPLITS.items():
        names = [f"{split}-{i}" for i in range(rows)]
        for i in range(shards if split == "train" else 1):
            of = shards if split == "train" else 1
            write_rows(
                folder / shard("documents", split, i, of), "documents", [document(name) for name in names[i::of]]
            )
        write_rows(folder / shard("spans", split, 0, 1), "spans", [span(name) for name in names])
    (folder / "README.md").write_text(CARD)
    (folder / "figures").mkdir()
    (folder / "figures/lengths.png").write_bytes(b"\x89PNG\r\n" + bytes(range(256)))
    (folder / ".gonerd-made").write_text("README.md\n")
    write_manifest(folder, version)
    return folder


def contents(folder):
    """The files of a release as its user sees them: no hidden ones."""
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {p.as_posix(): (folder / p).read_bytes() for p in paths if not any(q.startswith(".") for q in p.parts)}


def on_the_hub(hub, revision="main"):
    repo = hub.repos[REPO]
    return {path: data for path, data in repo.commits[repo.at(revision)].items() if not path.startswith(".")}


@pytest.fixture
def release(tmp_path):
    return make_release(tmp_path / "release")


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", WRITER)
    huggingface_hub.utils.disable_progress_bars()
    with Hub() as running:
        yield running
        huggingface_hub.close_session()
    huggingface_hub.utils.enable_progress_bars()


@pytest.fixture
def send(hub, release):
    def run(folder=release, **options):
        hub.asked.clear()
        return publish(folder, REPO, endpoint=hub.endpoint, **options)

    return run


def run_python(code, hub, cache, *arguments):
    settings = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment = {**os.environ, **settings, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(cache), "HF_TOKEN": WRITER}
    command = [sys.executable, "-P", "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_what_is_published_comes_back_byte_for_byte(send, hub, release, tmp_path):
    plan = send(tag="v1.0.0")
    assert plan.commit == hub.repos[REPO].at("v1.0.0") == hub.repos[REPO].at("main")
    back = tmp_path / "back"
    huggingface_hub.snapshot_download(
        REPO, repo_type="dataset", revision="v1.0.0", local_dir=back, endpoint=hub.endpoint, cache_dir=tmp_path / "hub"
    )
    assert contents(back) == contents(release)
    assert plan.lines()[-1] == f"done: commit {plan.commit} holds the release"


def test_load_dataset_reads_what_was_published(send, hub, release, tmp_path):
    send()
    code = """
        import datasets, json, sys
        loaded = {config: datasets.load_dataset(sys.argv[1], config) for config in ("documents", "spans")}
        first, *_ = datasets.load_dataset(sys.argv[1], split="test", streaming=True)
        rows = {config: {s: list(split) for s, split in found.items()} for config, found in loaded.items()}
        json.dump(rows | {"first": first}, sys.stdout)
    """
    done = run_python(code, hub, tmp_path / "home", REPO)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for config in ("documents", "spans"):
        for split, rows in SPLITS.items():
            wanted = pq.read_table(release / shard(config, split, 0, 1)).to_pylist()
            assert found[config][split] == wanted
            assert len(wanted) == rows
    assert found["first"]["text"] == TEXT


def test_only_the_release_leaves_the_package_folder(send, hub, release):
    """The packaged sample lies beside the modules; they are neither refused nor uploaded."""
    wanted = contents(release)
    (release / "dataset/__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "records.py", "py.typed", "dataset/build.py", "dataset/__pycache__/build.pyc"):
        (release / name).write_text("secret = 1\n")
    send()
    assert on_the_hub(hub) == wanted


def test_the_next_version_sends_what_changed_and_takes_away_what_is_gone(send, hub, release, tmp_path):
    send(tag="v1.0.0")
    repo = hub.repos[REPO]
    first = repo.at("main")
    repo.commit({**repo.commits[first], "notes.txt": b"not ours"}, "notes")
    newer = make_release(tmp_path / "newer", "1.1.0", shards=2)
    plan = send(newer, tag="v1.1.0")
    assert on_the_hub(hub) == {**contents(newer), "notes.txt": b"not ours"}
    assert plan.deleted == (shard("documents", "train", 0, 1),)
    new_shards = [shard("documents", "train", i, 2) for i in (0, 1)]
    assert plan.changed == (*new_shards, "data/manifest.json")
    assert len([path for path in hub.wrote() if path.startswith("/lfs/") and "verify" not in path]) == 2
    assert repo.log[-1] == "quays 1.1.0"
    assert repo.at("v1.0.0") == first


def test_a_second_run_finds_nothing_to_do(send, hub):
    send()
    assert (send().changed, hub.wrote()) == ((), [])
    send(tag="v1.0.0")
    assert hub.wrote() == [f"/api/datasets/{REPO}/tag/{hub.repos[REPO].at('main')}"]
    plan = send(tag="v1.0.0")
    assert (plan.tagged, hub.wrote(), len(hub.repos[REPO].log)) == (True, [], 2)
    assert plan.lines()[-1] == "done: tag v1.0.0 holds the release"


class TestDryRun:
    def test_lists_every_file_and_writes_nothing(self, send, hub, release):
        lines = send(tag="v1.0.0", dry_run=True).lines()
        assert (hub.wrote(), hub.repos) == ([], {})
        for path, data in contents(release).items():
            assert f"  upload {path}  {len(data):,} bytes  sha256 {hashlib.sha256(data).hexdigest()}" in lines
        assert "commit: quays 1.0.0" in lines
        assert "tag: v1.0.0" in lines
        assert lines[-1] == "dry run: nothing was written"

    def test_reads_the_hub_when_it_can(self, send, hub, release, tmp_path):
        send(message="first")
        newer = make_release(tmp_path / "newer", "1.1.0", shards=2)
        lines = send(newer, dry_run=True).lines()
        assert hub.wrote() == []
        assert f"  delete {shard('documents', 'train', 0, 1)}" in lines
        assert any(line.startswith("  same   README.md  ") for line in lines)
        assert lines[1] == f"on the hub: commit {hub.repos[REPO].at('main')}"

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", None])
    def test_works_without_a_hub(self, endpoint, release, monkeypatch):
        """Nobody listens on port 1; without an endpoint the suite's offline mode answers."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", endpoint is None)
        plan = publish(release, REPO, dry_run=True, endpoint=endpoint)
        assert plan.remote.startswith("unknown")
        assert set(plan.changed) == set(contents(release))
        with pytest.raises(GonerdError, match="HF_HUB_OFFLINE is set" if endpoint is None else "cannot be reached"):
            publish(release, REPO, endpoint=endpoint)

    def test_still_refuses_a_tag_that_is_taken(self, send, release):
        send(tag="v1.0.0")
        (release / "README.md").write_text(CARD + "More.\n")
        write_manifest(release)
        with pytest.raises(GonerdError, match=r"tag v1.0.0 marks other data \(README.md differs\)"):
            send(tag="v1.0.0", dry_run=True)


class TestFaults:
    def test_a_tag_that_is_taken_stops_everything(self, send, hub, release):
        send(tag="v1.0.0")
        (release / "README.md").write_text(CARD + "More.\n")
        write_manifest(release)
        with pytest.raises(GonerdError, match="build with a new version"):
            send(tag="v1.0.0")
        assert (hub.wrote(), len(hub.repos[REPO].log)) == ([], 2)

    def test_a_tagged_release_is_finished_though_the_branch_went_on(self, send, hub, release, tmp_path):
        """Otherwise publishing an old version again would silently take the branch back."""
        send(tag="v1.0.0")
        newer = make_release(tmp_path / "newer", "1.1.0", shards=2)
        send(newer, tag="v1.1.0")
        send(release, tag="v1.0.0")
        assert (hub.wrote(), on_the_hub(hub)) == ([], contents(newer))

    @pytest.mark.parametrize(
        ("token", "words"),
        [("hf_expired", "401 .*hf auth login"), (False, "401 .*HF_TOKEN"), (READER, "403 .*write access")],
    )
    def test_a_token_that_is_not_good_enough(self, token, words, send, hub):
        with pytest.raises(GonerdError, match=words) as caught:
            send(token=token)
        assert hub.repos == {}
        assert str(token) not in str(caught.value)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("part", ["/repos/create", "/commit/", "/tag/"])
    def test_a_hub_in_trouble_then_the_same_command(self, part, after, send, hub, release):
        """Whether or not the hub did what it answered 500 to, the second run ends where the first would have."""
        hub.fail("POST", part, 500, after=after)
        with pytest.raises(GonerdError, match=r"answered 500 .*run the same command again later"):
            send(tag="v1.0.0")
        send(tag="v1.0.0")
        assert on_the_hub(hub, "v1.0.0") == on_the_hub(hub) == contents(release)
        assert hub.repos[REPO].log == ["initial commit", "quays 1.0.0"]

    def test_killed_between_commit_and_tag(self, send, hub, release, tmp_path):
        code = """
            import os, sys
            from pathlib import Path
            from gonerd.dataset.publish import publish
            publish(Path(sys.argv[1]), sys.argv[2], tag="v1.0.0", message=str(os.getpid()))
        """

        def kill_at_the_tag(request):
            if "/tag/" in request.path:
                hub.watch = lambda request: None
                os.kill(int(hub.repos[REPO].log[-1]), signal.SIGKILL)
                raise Dropped  # the tag is not made

        hub.watch = kill_at_the_tag
        done = run_python(code, hub, tmp_path / "home", release, REPO)
        assert done.returncode == -signal.SIGKILL
        assert (hub.repos[REPO].tags, on_the_hub(hub)) == ({}, contents(release))
        send(tag="v1.0.0")
        assert hub.wrote() == [f"/api/datasets/{REPO}/tag/{hub.repos[REPO].at('main')}"]

    def test_a_commit_of_somebody_else_meanwhile(self, send, hub, release, tmp_path):
        send()
        repo = hub.repos[REPO]

        def meanwhile(request):
            if "/preupload/" in request.path:
                hub.watch = lambda request: None
                repo.commit({**repo.commits[repo.at()], "theirs.txt": b"x"}, "theirs")

        hub.watch = meanwhile
        newer = make_release(tmp_path / "newer", "1.1.0")
        with pytest.raises(GonerdError, match=r"answered 412 .*changed during the upload"):
            send(newer)
        send(newer)
        assert on_the_hub(hub) == {**contents(newer), "theirs.txt": b"x"}

    def test_a_file_altered_during_the_upload_is_never_tagged(self, send, hub, release):
        altered = release / shard("spans", "test", 0, 1)
        original = altered.read_bytes()

        def alter(request):
            if "/preupload/" in request.path:
                altered.write_bytes(original[::-1])

        hub.watch = alter
        with pytest.raises(GonerdError, match=r"does not hold the release .*data/spans/test"):
            send(tag="v1.0.0")
        assert hub.repos[REPO].tags == {}
        hub.watch = lambda request: None
        altered.write_bytes(original)
        send(tag="v1.0.0")
        assert on_the_hub(hub, "v1.0.0") == contents(release)

    def test_a_file_that_the_repository_ignores(self, send, hub):
        hub.ignored.add("figures/lengths.png")
        with pytest.raises(GonerdError, match=r"figures/lengths.png differs.*\.gitignore"):
            send(tag="v1.0.0")
        assert hub.repos[REPO].tags == {}

    def test_an_upload_that_is_refused(self, send, hub):
        hub.fail("PUT", "/lfs/", 403, times=9)
        with pytest.raises(GonerdError, match="the hub answered 403"):
            send()


class TestOthers:
    def test_a_repository_of_something_else_is_left_alone(self, send, hub):
        send()
        repo = hub.repos[REPO]
        repo.commit({"README.md": b"# Theirs", "data/train.csv": b"a,b\n"}, "theirs")
        with pytest.raises(GonerdError, match=r"holds data/train.csv, .*choose another repository"):
            send()
        assert hub.wrote() == []

    def test_a_repository_with_a_card_alone_is_used(self, send, hub, release):
        send()
        repo = hub.repos[REPO]
        repo.commit({"README.md": b"# Made on the website"}, "empty")
        send()
        assert on_the_hub(hub) == contents(release)

    def test_private(self, send, hub):
        send(private=True)
        assert hub.repos[REPO].private
        send(private=True)
        hub.repos[REPO].private = False
        with pytest.raises(GonerdError, match="public already"):
            send(private=True)

    def test_pull_request(self, send, hub, release):
        with pytest.raises(GonerdError, match="no such dataset to open a pull request on"):
            send(create_pr=True)
        send()
        before = on_the_hub(hub)
        (release / "README.md").write_text(CARD + "More.\n")
        write_manifest(release, "1.0.1")
        plan = send(create_pr=True)
        assert (on_the_hub(hub), on_the_hub(hub, "refs/pr/1")) == (before, contents(release))
        assert plan.lines()[-1].endswith("/discussions/1")
        assert ("GET", f"/api/datasets/{REPO}/tree/refs/pr/1") in hub.asked


@pytest.mark.parametrize(
    ("repo", "options", "words"),
    [
        ("quays", {}, "owner/name"),
        ("datasets/harbour/quays", {}, "owner/name"),
        ("harbour/qu ays", {}, "malformed"),
        ("harbour/quays", {"tag": "1.0.0"}, "use --tag v1.0.0"),
        ("harbour/quays", {"tag": "v1.0"}, "use --tag v1.0.0"),
        ("harbour/quays", {"tag": "v1.0.0", "create_pr": True}, "cannot be tagged"),
        (
            "harbour/quays",
            {"endpoint": "http://[::1"},
            r"endpoint 'http://\[::1' is no address .*write it like https://",
        ),
        ("harbour/quays", {"endpoint": "http://a:port"}, "endpoint 'http://a:port' is no address"),
        ("harbour/quays", {"endpoint": "huggingface.co"}, "endpoint 'huggingface.co' is no address"),
    ],
)
def test_what_is_asked_wrongly(repo, options, words, release):
    with pytest.raises(UsageError, match=words):
        publish(release, repo, dry_run=True, **options)


def change(release, /, **fields):
    path = release / "data/manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


FACTS = {"sha256": "", "bytes": 0}
DAMAGE = {
    "a flipped byte": (lambda f: flip(f / shard("documents", "train", 0, 1)), "its sha256 differs"),
    "a shorter file": (lambda f: (f / "figures/lengths.png").write_bytes(b""), "lengths.png: is not the file"),
    "a lost file": (lambda f: (f / "README.md").unlink(), "README.md: is missing"),
    "an unlisted file": (lambda f: (f / "notes.txt").write_text("x"), "notes.txt: not listed"),
    "an unlisted shard": (lambda f: (f / "data/documents/more.parquet").write_text("x"), "more.parquet: not listed"),
    "no JSON": (lambda f: (f / "data/manifest.json").write_text("{"), "not valid JSON"),
    "a list": (lambda f: (f / "data/manifest.json").write_text("[]"), "field 'files' is missing"),
    "no version": (lambda f: change(f, version=None), "field 'version' is missing"),
    "an empty version": (lambda f: change(f, version=" "), "field 'version' is missing or empty"),
    "an empty name": (lambda f: change(f, name=""), "field 'name' is missing or empty"),
    "no rights": (lambda f: change(f, release=None), "field 'release' is missing"),
    "unknown rights": (lambda f: change(f, release="all"), "kind 'all' is not published"),
    "not for the public": (lambda f: change(f, release="private"), "'private' is not published.* urls-only"),
    "no card": (lambda f: change(f, files={}), "lists no README.md"),
    "hashes alone": (lambda f: change(f, files={"README.md": "abc"}), "'README.md' lacks its sha256"),
    "a module": (lambda f: change(f, files={"cli.py": FACTS}), "'cli.py', which is no file"),
    "a way out": (lambda f: change(f, files={"data/../../x": FACTS}), "'data/../../x', which is no file"),
}


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_release_is_refused(case, release):
    spoil, words = DAMAGE[case]
    spoil(release)
    with pytest.raises(GonerdError, match=words) as caught:
        publish(release, REPO)
    assert "build" in str(caught.value)
    assert str(release) in str(caught.value)


def test_a_folder_that_is_no_release(tmp_path):
    with pytest.raises(GonerdError, match=r"manifest\.json: no such file"):
        publish(tmp_path, REPO)


def test_a_stray_file_in_the_packages_data_is_refused(release):
    (release / "__init__.py").touch()
    (release / "figures/old.png").touch()
    with pytest.raises(GonerdError, match=r"old\.png: not listed"):
        verified(release)


def test_a_release_of_urls_alone_may_be_published(send, hub, release):
    write_manifest(release, release="urls-only")
    assert send().lines()[0].startswith("quays 1.0.0 (urls-only): 7 files, ")
