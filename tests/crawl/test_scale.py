"""The extraction is the same whatever runs where, and continues after a kill."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gonerd.crawl.extraction import sieve
from gonerd.crawl.extraction.page import to_document
from gonerd.crawl.extraction.parts import Extracted, Part
from gonerd.crawl.extraction.run import Where, extract
from gonerd.crawl.scale import extract as blocks
from gonerd.crawl.scale import plan as planning
from gonerd.crawl.scale.plan import ExtractSettings
from gonerd.crawl.warc.pages import Page
from gonerd.errors import GonerdError, UsageError
from gonerd.io import read_documents
from gonerd.records import Rejected
from gonerd.tables import read_table

URL = "https://example.org"
FILES, PAGES = 3, 12


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def crawl_folder(tmp_path: Path, warc_page: Callable[..., bytes], make_article: Callable[..., bytes]) -> Path:
    """Three files; pages occur again in other files, under their own address, under another, and a little changed."""
    folder = tmp_path / "w"
    folder.mkdir()
    for file in range(FILES):
        records = []
        for i in range(PAGES):
            n, record = 100 * file + i, 1000 * file + i
            page = make_article(n).replace(b"</article>", b"".join(b"<p>Word %d.</p>" % j for j in range(300)))
            page = page.replace(b"<p>Word", b"<p>W%d" % n)
            day = f"2025-03-0{file + 1}T10:00:{i:02d}Z"
            if file and i == 0:
                n = 100  # the same address in the files after the first
            if file and i == 1:
                page = make_article(5).replace(b"northern", b"Northern, ")
            if file and i == 2:
                page = make_article(7).replace(b"</article>", b"<p>Distributed by the Meridian Wire.</p></article>")
            records.append(gzip.compress(warc_page(f"{URL}/{n}", page, record, date=day), mtime=0))
            if file == 0 and i in (5, 7):
                records[-1] = gzip.compress(warc_page(f"{URL}/{n}", make_article(n), record, date=day), mtime=0)
        (folder / f"{file}.warc.gz").write_bytes(b"".join(records))
    return folder


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_SMALL", 1500)


def test_the_same_bytes_whatever_the_cuts(crawl_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = extract(crawl_folder, tmp_path / "whole")
    assert done.pages == FILES * PAGES == done.kept + sum(done.rejected.values())
    assert done.rejected == {"superseded": 1, "duplicate-text": 3, "near-duplicate": 1}
    expected = digests(tmp_path / "whole")
    monkeypatch.setattr(planning, "_SMALL", 1500)
    for name, where in {"tasks": Where(tasks=2), "units": Where(), "files": Where(tasks=5, split=False)}.items():
        extract(crawl_folder, tmp_path / name, where=where)
        assert digests(tmp_path / name) == expected
    assert len(planning.make_plan([str(crawl_folder / "0.warc.gz")], tmp_path, ExtractSettings()).units) > 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files", "tasks", "units", "w", "whole"]


@pytest.mark.usefixtures("small_units")
def test_the_same_bytes_from_several_processes(crawl_folder: Path, tmp_path: Path, capfd: Any) -> None:
    extract(crawl_folder, tmp_path / "one")
    extract(crawl_folder, tmp_path / "two", where=Where(workers=2))
    assert digests(tmp_path / "two") == digests(tmp_path / "one")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("small_units")
def test_finished_units_are_not_read_again(crawl_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extract(crawl_folder, tmp_path / "unbroken")
    asked: list[str] = []

    def sift(answer: Any, stop: int | None) -> Extracted:
        asked.append(answer.record_id)
        if len(asked) == stop:
            raise KeyboardInterrupt
        return sieve.sift(answer)

    monkeypatch.setattr(blocks, "sift", lambda answer: sift(answer, 20))
    with pytest.raises(KeyboardInterrupt):
        extract(crawl_folder, tmp_path / "d")
    assert not (tmp_path / "d").exists()
    monkeypatch.setattr(blocks, "sift", lambda answer: sift(answer, None))
    said: list[str] = []
    # Another number of tasks, and a setting that concerns what comes after extraction.
    extract(crawl_folder, tmp_path / "d", where=Where(tasks=2), settings=ExtractSettings(near=0.9), tell=said.append)
    assert len(said) == 1
    assert re.search(r"changed since the run that was broken off: \d+ of \d+ finished shares are taken over", said[0])
    assert FILES * PAGES < len(asked) < FILES * PAGES + 8, "only the unit at hand is read again"
    assert {path.name for path in tmp_path.iterdir()} == {"w", "d", "unbroken"}
    extract(crawl_folder, tmp_path / "d")
    assert digests(tmp_path / "d") == digests(tmp_path / "unbroken")


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(stat.parent.name), *_children(int(stat.parent.name))]
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_a_killed_run_continues(
    tmp_path: Path, warc_page: Callable[..., bytes], make_article: Callable[..., bytes]
) -> None:
    """Killed without warning, its workers end too, and the same command makes what an unbroken run makes."""
    for file in range(6):
        pages = (warc_page(f"{URL}/{file}-{i}", make_article(100 * file + i), 100 * file + i) for i in range(100))
        (tmp_path / f"{file}.warc.gz").write_bytes(b"".join(map(gzip.compress, pages)))
    files = [word for file in range(6) for word in ("--warc", str(tmp_path / f"{file}.warc.gz"))]
    command = [sys.executable, "-P", "-m", "gonerd", "crawl", "extract", *files, "--workers", "2", "--out"]
    subprocess.run([*command, str(tmp_path / "unbroken")], check=True, capture_output=True)
    with subprocess.Popen([*command, str(tmp_path / "d")], stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".d.extract/units/*.pages.parquet")) and time.monotonic() < deadline:
            time.sleep(0.01)
        workers = _children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(workers) >= 2
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(pid) for pid in workers)
    assert not (tmp_path / "d").exists()
    done = subprocess.run([*command, str(tmp_path / "d")], check=True, capture_output=True, text=True)
    assert "600 pages = 600 documents" in done.stdout
    assert done.stderr == ""
    assert digests(tmp_path / "d") == digests(tmp_path / "unbroken")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.usefixtures("small_units")
def test_a_worker_that_is_killed_is_one_sentence(crawl_folder: Path, tmp_path: Path) -> None:
    """datatrove's own pool would wait for ever."""
    code = (
        "import os, sys\n"
        "from gonerd.scale.executors import run_stages\nfrom gonerd.scale.stages import Stage\n"
        "from pathlib import Path\n"
        "def die(data, rank, world):\n    os.kill(os.getpid(), 9)\n    yield\n"
        "if __name__ == '__main__':\n"
        "    run_stages([Stage('x', [die])], Path(sys.argv[1]), tasks=2, workers=2)\n"
    )
    (tmp_path / "die.py").write_text(code)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "die.py"), str(tmp_path / "logs")], capture_output=True, text=True, timeout=60
    )
    assert "GonerdError: a worker process was ended from outside" in done.stderr


def test_recrawls_revisits_and_spoiled_records(
    tmp_path: Path, warc_record: Any, warc_page: Callable[..., bytes], make_article: Callable[..., bytes]
) -> None:
    not_modified = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    spoiled = warc_page(f"{URL}/9", make_article(9), 9, WARC_Block_Digest=f"sha1:{'A' * 32}")
    block = warc_page("x", make_article(8)).split(b"\r\n\r\n", 1)[1][:-4]
    sound = warc_record("response", f"{URL}/8", block, 8, WARC_Block_Digest=f"sha1:{hashlib.sha1(block).hexdigest()}")
    records = [
        warc_page(f"{URL}/1", make_article(1), 1, date="2025-03-01T10:00:00Z"),
        warc_page(f"{URL}/1", make_article(3), 3, date="2025-03-03T10:00:00Z"),
        warc_page(f"{URL}/1", make_article(2), 2, date="2025-03-02T10:00:00Z"),
        warc_page(f"{URL}/1", make_article(4), 4, status=404, GONERD_Role="page", date="2025-03-04T10:00:00Z"),
        warc_record("revisit", f"{URL}/1", not_modified, 5),
        warc_record("revisit", f"{URL}/7", not_modified, 6, WARC_Refers_To="<urn:x>"),
        warc_record("revisit", f"{URL}/logo", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n", 7),
        sound,
        spoiled,
    ]
    (tmp_path / "x.warc").write_bytes(b"".join(records))
    done = extract(tmp_path / "x.warc", tmp_path / "d")
    assert [d.warc_record_id[-4:-1] for d in read_documents(tmp_path / "d")] == ["003", "008"]
    assert done.rejected == {
        "superseded": 2, "http-404": 1, "revisit": 1, "revisit-unresolved": 1, "digest-mismatch": 1,
    }  # fmt: skip
    assert (done.pages, done.kept, done.not_a_page) == (8, 2, 1)
    told = {item.reason: item.detail for item in read_table(tmp_path / "d" / "rejected", Rejected)}
    assert told["superseded"].endswith("record <urn:uuid:00000000-0000-4000-8000-000000000003>")
    assert told["revisit-unresolved"].startswith("<urn:x>")


def test_parts_are_joined(
    tmp_path: Path,
    warc_page: Callable[..., bytes],
    make_article: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Complete ones; the parts of an article of which one is missing stay documents of their own."""

    def sift(answer: Any) -> Extracted:
        assert isinstance(answer, Page)
        base, _, number = answer.url.partition("?part=")
        last = number == "3"
        part = Part(base, int(number), None if last else f"{base}?part={int(number) + 1}") if number else None
        return Extracted(to_document(answer), part)

    monkeypatch.setattr(blocks, "sift", sift)
    names = ["a?part=2", "b?part=1", "c", "a?part=1", "b?part=3", "a?part=3", "a?part=1"]
    days = [1, 1, 1, 1, 1, 1, 2]
    records = [
        warc_page(f"{URL}/{name}", make_article(i), i, date=f"2025-03-0{day}T10:00:00Z")
        for i, (name, day) in enumerate(zip(names, days, strict=True))
    ]
    (tmp_path / "x.warc").write_bytes(b"".join(records))
    done = extract(tmp_path / "x.warc", tmp_path / "d")
    assert done.rejected == {"joined": 2, "superseded": 1}
    assert (done.pages, done.kept, done.joined_articles) == (7, 4, 1)
    documents = {document.url: document for document in read_documents(tmp_path / "d")}
    assert list(documents) == [f"{URL}/b?part=1", f"{URL}/c", f"{URL}/b?part=3", f"{URL}/a?part=1"]
    years = [text.split()[0] for text in documents[f"{URL}/a?part=1"].text.split("for year ")[1:]]
    assert years == [f"{1000 * page + i}." for page in (6, 0, 5) for i in range(4)]


def test_which_pages_are_taken(tmp_path: Path, warc_page: Callable[..., bytes], make_article: Any) -> None:
    hosts = ("news.example.org", "example.org", "example.com", "notexample.org")
    records = [warc_page(f"https://{host}/{i}", make_article(i), i) for i, host in enumerate(hosts)]
    (tmp_path / "x.warc").write_bytes(b"".join(records))
    settings = ExtractSettings(hosts=("example.org",), domain="legal", source="The Gazette")
    done = extract(tmp_path / "x.warc", tmp_path / "d", settings=settings)
    assert (done.kept, done.rejected) == (2, {"other-host": 2})
    assert {(d.domain, d.source) for d in read_documents(tmp_path / "d")} == {("legal", "The Gazette")}
    assert done.settings == {"domain": "legal", "source": "The Gazette", "hosts": ["example.org"]}
    done = extract(tmp_path / "x.warc", tmp_path / "d", settings=ExtractSettings(known_sources=True))
    assert (done.kept, done.rejected) == (0, {"other-host": 4})


@pytest.mark.usefixtures("small_units")
def test_a_limit_is_the_same_however_files_lie(crawl_folder: Path, tmp_path: Path) -> None:
    done = extract(crawl_folder, tmp_path / "d", limit=PAGES + 2, where=Where(tasks=3))
    assert done.pages == PAGES + 2
    (tmp_path / "all.warc.gz").write_bytes(b"".join(p.read_bytes() for p in sorted(crawl_folder.iterdir())))
    extract(tmp_path / "all.warc.gz", tmp_path / "e", limit=PAGES + 2)
    texts = [[d.text for d in read_documents(tmp_path / name)] for name in "de"]
    assert texts[0] == texts[1]


@pytest.mark.usefixtures("small_units")
def test_a_damaged_file_in_shares(crawl_folder: Path, tmp_path: Path) -> None:
    """What stands before the damage is taken, however the file is cut."""
    path = crawl_folder / "1.warc.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(GonerdError, match=r"1\.warc\.gz.*--keep-complete"):
        extract(crawl_folder, tmp_path / "d")
    done = extract(crawl_folder, tmp_path / "d", keep_complete=True)
    whole = extract(crawl_folder, tmp_path / "e", keep_complete=True, where=Where(split=False))
    assert done == whole
    assert digests(tmp_path / "d") == digests(tmp_path / "e")
    assert 0 < done.damaged[0].complete_records < PAGES


@pytest.mark.parametrize(
    ("settings", "where", "words"),
    [
        ({"domain": "x"}, {}, "--domain 'x'"),
        ({"near": 1.5}, {}, "--near 1.5"),
        ({}, {"executor": "loca"}, "unknown executor 'loca'; did you mean 'local'"),
        ({}, {"workers": 0}, "--workers 0"),
        ({}, {"dry_run": True}, "--dry-run goes with --executor slurm"),
        ({}, {"executor": "slurm"}, "--slurm-partition"),
    ],
)
def test_wrong_use(crawl_folder: Path, tmp_path: Path, settings: Any, where: Any, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        extract(crawl_folder, tmp_path / "d", settings=ExtractSettings(**settings), where=Where(**where))


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_ray(crawl_folder: Path, tmp_path: Path) -> None:
    """A real local cluster of two workers, without network, dashboard or a word on the console."""
    pytest.importorskip("ray")
    extract(crawl_folder, tmp_path / "here")
    words = ["--executor", "ray", "--workers", "2", "--tasks", "2", "--out", str(tmp_path / "ray")]
    command = [sys.executable, "-P", "-W", "error", "-m", "gonerd", "crawl", "extract", str(crawl_folder), *words]
    environment = {**os.environ, "RAY_TMPDIR": "/tmp", "no_proxy": "*"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "36 pages = 31 documents + 5 rejected" in done.stdout
    assert digests(tmp_path / "ray") == digests(tmp_path / "here")
