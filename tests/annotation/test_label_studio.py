"""Review in Label Studio: against a server in the shape of the real one, and the real one where it is installed."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from gonerd import Annotation, Document, GonerdError, Span, UsageError
from gonerd.annotation.blind import is_blind
from gonerd.annotation.label_studio import Client, pull, push, read_token
from gonerd.annotation.label_studio.config import label_config
from gonerd.cli import main
from gonerd.io import read_annotations
from gonerd.labels import CORE
from gonerd.tables import write_table

TOKEN = "0123456789abcdef0123456789abcdef01234567"
REFRESH, ACCESS = "aaa.bbb.ccc", "ddd.eee.fff"
TEXT = "😀 Ana Ruiz flew to Bergen\nand <Oslo> & back, {}."
REAL = os.environ.get("GONERD_LABEL_STUDIO", "")


class FakeServer(ThreadingHTTPServer):
    """Answers as Label Studio 1.23 does, and breaks when told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.projects, self.stored, self.requests = [], [], []
        self.fail_imports = set()  # numbers of the imports that end with 500
        self.imports = 0
        self.valid = {f"Token {TOKEN}", f"Bearer {ACCESS}"}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_call(self, body):
        server, url = self.server, urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        server.requests.append((self.command, self.path))
        if url.path == "/api/token/refresh":
            good = body == {"refresh": REFRESH}
            return self.answer(200 if good else 401, {"access": ACCESS} if good else {"detail": "Token is invalid"})
        if self.headers["Authorization"] not in server.valid:
            return self.answer(401, {"status_code": 401, "detail": "Invalid token."})
        if (self.command, url.path) == ("GET", "/api/projects"):
            found = [p for p in server.projects if query["title"] in p["title"]]
            return self.answer(200, {"count": len(found), "next": None, "results": found})
        if (self.command, url.path) == ("POST", "/api/projects"):
            if len(body["title"]) < 3:
                errors = {"title": ["Ensure this field has at least 3 characters."]}
                return self.answer(400, {"detail": "Validation error", "validation_errors": errors})
            server.projects.append({"id": len(server.projects) + 1, **body})
            return self.answer(201, server.projects[-1])
        if url.path.endswith("/import"):
            server.imports += 1
            if server.imports in server.fail_imports:
                return self.answer(500, b"<html>oops</html>")
            for task in body:
                server.stored.append({"id": len(server.stored) + 1, "annotations": [], **task})
            return self.answer(201, {"task_count": len(body), "annotation_count": 0})
        if url.path == "/api/tasks":
            size, page = int(query["page_size"]), int(query["page"])
            shown = server.stored[size * (page - 1) : size * page]
            if not shown and page > 1:
                return self.answer(404, {"detail": "Invalid page."})
            return self.answer(200, {"total": len(server.stored), "tasks": shown})
        return self.answer(404, {"detail": "Not found."})

    def do_GET(self):
        self.handle_call(None)

    def do_POST(self):
        self.handle_call(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))


@pytest.fixture
def connect():
    with ExitStack() as stack:
        yield lambda url, token, **options: stack.enter_context(Client(url, token, **options))


@pytest.fixture
def server():
    fake = FakeServer()
    thread = threading.Thread(target=fake.serve_forever, daemon=True)
    thread.start()
    yield fake
    fake.shutdown()
    fake.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    documents = [Document(f"d{i}", TEXT.format(i), title=f"Title {i}") for i in range(130)]
    spans = (Span(2, 10, "PER", 0.25, "p"), Span(19, 25, "LOC", 0.75, "p"))
    write_table(tmp_path / "docs", documents, Document)
    write_table(tmp_path / "auto", [Annotation(d.id, "auto", "1", d.sha256, spans) for d in documents], Annotation)
    return tmp_path


def complete(task, *spans, by=1, **more):
    text = task["data"]["text"]
    values = [{"start": a, "end": b, "text": text[a:b], "labels": [label]} for a, b, label in spans]
    result = [
        {"id": str(i), "from_name": "label", "to_name": "text", "type": "labels", "value": v}
        for i, v in enumerate(values)
    ]
    task["annotations"].append({"completed_by": by, "was_cancelled": False, "result": result, **more})


def test_there_and_back(server, folder, connect):
    client = connect(server.url, TOKEN)
    first = push(client, folder / "docs", "News", folder / "auto", blind=0.2)
    blind = [f"d{i}" for i in range(130) if is_blind(f"d{i}", 0.2)]
    assert (first.sent, first.there, first.blind) == (130, 0, len(blind))
    assert 10 < len(blind) < 45
    assert server.imports == 3, "in batches"
    for task in server.stored:
        assert ("predictions" in task) == (task["data"]["id"] not in blind)
    shown = next(t for t in server.stored if "predictions" in t)["predictions"][0]
    assert (shown["model_version"], shown["score"]) == ("auto", 0.25)
    assert [r["value"]["text"] for r in shown["result"]] == ["Ana Ruiz", "Bergen"]
    again = push(client, folder / "docs", "News", folder / "auto", blind=0.2)
    assert (again.sent, again.there, len(server.stored)) == (0, 130, 130)

    complete(server.stored[0], (2, 10, "PER"), (31, 35, "LOC"))
    complete(server.stored[1])
    complete(server.stored[2], (2, 10, "PER"), was_cancelled=True)
    summary = pull(client, folder / "docs", "News", folder / "ana")
    assert (summary.documents, summary.set_aside) == (2, {"not annotated": 128})
    layer = {a.doc_id: a for a in read_annotations(folder / "ana")}
    assert [s.key for s in layer["d0"].spans] == [(2, 10, "PER"), (31, 35, "LOC")]
    assert layer["d1"].spans == ()
    assert {s.provenance for s in layer["d0"].spans} == {"label-studio:1"}

    server.stored[0]["annotations"].clear()
    complete(server.stored[0], (2, 10, "ORG"))
    complete(server.stored[129], (2, 10, "PER"))
    summary = pull(client, folder / "docs", "News", folder / "ana")
    assert (summary.documents, summary.changed) == (3, 1)
    server.stored[1]["annotations"].clear()
    with pytest.raises(GonerdError, match="holds an annotation of document 'd1', which the project no longer has"):
        pull(client, folder / "docs", "News", folder / "ana")
    assert len(list(read_annotations(folder / "ana"))) == 3, "nothing lost"


def test_a_push_that_broke_goes_on(server, folder, connect):
    client = connect(server.url, TOKEN)
    server.fail_imports = {2}
    with pytest.raises(GonerdError, match="answered 500: Internal Server Error"):
        push(client, folder / "docs", "News", folder / "auto")
    assert len(server.stored) == 50
    summary = push(client, folder / "docs", "News", folder / "auto")
    assert (summary.sent, summary.there) == (80, 50)
    assert sorted(t["data"]["id"] for t in server.stored) == sorted(f"d{i}" for i in range(130))


def test_personal_access_tokens_are_renewed(server, folder, connect):
    client = connect(server.url, REFRESH)
    assert push(client, folder / "docs", "News").sent == 130
    server.valid.discard(f"Bearer {ACCESS}")
    with pytest.raises(GonerdError, match=r"refused the access token \(401\)"):
        push(client, folder / "docs", "News")
    refreshed = [path for _, path in server.requests if path == "/api/token/refresh"]
    assert len(refreshed) == 2, "once at first, once after the server refused"


def test_what_is_refused(server, folder, tmp_path, connect):
    docs, client = folder / "docs", connect(server.url, TOKEN)
    with pytest.raises(GonerdError, match=r"refused the access token \(401\); copy it again") as caught:
        push(connect(server.url, "secret-token"), docs, "News")
    assert "secret" not in str(caught.value)
    with pytest.raises(GonerdError, match="no project is called 'News'; check --project"):
        pull(client, docs, "News", folder / "ana")
    with pytest.raises(GonerdError, match=r"answered 400: .*at least 3 characters"):
        push(client, docs, "ab")
    push(client, docs, "News")
    with pytest.raises(UsageError, match="the layer would be empty"):
        pull(client, docs, "News", folder / "ana")
    write_table(tmp_path / "other", [Document("d0", "Changed.")], Document)
    with pytest.raises(GonerdError, match="holds document 'd0' with another text"):
        push(client, tmp_path / "other", "News")
    complete(server.stored[0], (2, 10, "PER"))
    with pytest.raises(GonerdError, match=r"task 1 of project 'News': document d0: it was made over another text"):
        pull(client, tmp_path / "other", "News", folder / "ana")
    complete(server.stored[0], by=2)
    with pytest.raises(GonerdError, match=r"has 2 annotations \(by 1, 2\).*--annotator"):
        pull(client, docs, "News", folder / "ana")
    assert not (folder / "ana").exists()
    assert pull(client, docs, "News", folder / "ana", annotator="2").documents == 1
    with pytest.raises(GonerdError, match=r"was pulled from project 'News' .* \(annotator 2\)"):
        pull(client, docs, "News", folder / "ana", annotator="1")
    server.stored[1]["annotations"] = []
    complete(server.stored[1], (1, 9, "PER"), by=2)
    server.stored[1]["annotations"][0]["result"][0]["value"]["text"] = "Ana Ruiz"
    with pytest.raises(GonerdError, match=r"task 2 .* span 1\.\.9 is ' Ana Rui', not 'Ana Ruiz' as stated"):
        pull(client, docs, "News", folder / "ana", annotator="2")
    server.projects.append({"id": 9, "title": "Pictures", "label_config": "<View/>"})
    with pytest.raises(GonerdError, match="was not made here"):
        push(client, docs, "Pictures")
    server.projects.append({"id": 10, "title": "News"})
    with pytest.raises(GonerdError, match="2 projects are called 'News'"):
        push(client, docs, "News")


def test_unreachable_and_not_label_studio(folder, connect):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(GonerdError, match=r"cannot be reached \(ConnectError: .*run the same command again"):
        push(connect(f"http://127.0.0.1:{port}", TOKEN), folder / "docs", "News")

    class Other(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello" if "/api/projects" in self.path else b"[1,2]")

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever, daemon=True)
        thread.start()
        with pytest.raises(GonerdError, match="the answer is no JSON, so this is not Label Studio"):
            push(connect(f"http://127.0.0.1:{other.server_port}", TOKEN), folder / "docs", "News")
        other.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8080", "no address of a Label Studio server"),
        ("ftp://a.example", "no address of a Label Studio server"),
        ("http://me:pw@127.0.0.1", "holds a user name or password"),
        ("http://ls.example", "unencrypted; use https, or pass --allow-http"),
    ],
)
def test_addresses(url, words, connect):
    with pytest.raises(UsageError, match=words) as caught:
        connect(url, TOKEN)
    assert "pw" not in str(caught.value)
    connect("http://ls.example", TOKEN, allow_http=True)


def test_tokens_come_from_the_environment_or_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(" abc\n")
    assert read_token(file, {"GONERD_LABEL_STUDIO_TOKEN": "def"}) == "abc"
    assert read_token(None, {"GONERD_LABEL_STUDIO_TOKEN": "def"}) == "def"
    file.write_text("secret two words")
    with pytest.raises(UsageError, match="holds white space") as caught:
        read_token(file)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="no access token; copy it from Label Studio"):
        read_token(None, {})
    with pytest.raises(UsageError, match="cannot be read"):
        read_token(tmp_path / "absent")


def test_configuration_has_every_label():
    root = ElementTree.fromstring(label_config([*CORE, 'A "B" & <C>']))
    assert [e.get("value") for e in root.iter("Label")] == [*CORE, 'A "B" & <C>']
    assert len({e.get("hotkey") for e in root.iter("Label")}) == 5
    assert root.find("Labels").get("toName") == root.find("Text").get("name") == "text"


def test_blind_slices_are_nested():
    ids = [f"d{i}" for i in range(2000)]
    small, large = ({i for i in ids if is_blind(i, share, 7)} for share in (0.1, 0.3))
    assert small < large
    assert 0.07 < len(small) / 2000 < 0.13
    assert not any(is_blind(i, 0.0) for i in ids)
    assert all(is_blind(i, 1.0) for i in ids)


def test_commands(server, folder, monkeypatch, capsys):
    monkeypatch.setenv("GONERD_LABEL_STUDIO_TOKEN", TOKEN)
    words = [str(folder / "docs"), "--project", "News", "--url", server.url]
    assert main(["annotate", "push", *words, "--layer", str(folder / "auto"), "--blind", "0.1"]) == 0
    assert re.search(r"sent 130 tasks \(0 were there; \d+ without suggestions\) -> News", capsys.readouterr().out)
    complete(server.stored[0], (2, 10, "PER"))
    assert main(["annotate", "pull", *words, "--out", str(folder / "ana")]) == 0
    out = capsys.readouterr().out
    assert "pulled 1 documents (0 changed; set aside: not annotated 129)" in out
    written = b"".join(p.read_bytes() for p in (folder / "ana").iterdir() if p.is_file())
    assert TOKEN not in out
    assert TOKEN.encode() not in written
    monkeypatch.delenv("GONERD_LABEL_STUDIO_TOKEN")
    assert main(["annotate", "pull", *words, "--out", str(folder / "ana")]) == 2
    assert "no access token" in capsys.readouterr().err


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("label-studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"LATEST_VERSION_CHECK": "false", "COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
    command = [REAL, "start", "-b", "--data-dir", str(folder), "-p", str(port), "--internal-host", "127.0.0.1"]
    command += ["--username", "ana@example.org", "--password", "not-a-secret-1", "--user-token", TOKEN]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--enable-legacy-api-token"], stdout=log, stderr=log, env={**os.environ, **quiet}, cwd=folder
        )
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 280
    while True:
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
        try:
            if httpx.get(f"{url}/api/version").is_success:
                break
        except httpx.HTTPError:
            time.sleep(1)
    yield url
    process.terminate()
    process.wait(30)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not REAL, reason="GONERD_LABEL_STUDIO names no label-studio executable")
def test_against_a_real_server(real, folder, connect):
    """Suggestions go in, a reviewer's annotations come out; emoji and line breaks keep every offset."""
    legacy = connect(real, TOKEN)
    assert push(legacy, folder / "docs", "Real review", folder / "auto", blind=0.2).sent == 130
    headers = {"Authorization": f"Token {TOKEN}"}
    bought = httpx.post(f"{real}/api/token", headers=headers, json={}).json()["token"]
    client = connect(real, bought)  # a personal access token
    again = push(client, folder / "docs", "Real review", folder / "auto", blind=0.2)
    assert (again.sent, again.there) == (0, 130)
    tasks = list(client.tasks(client.project("Real review"), annotations=True))
    assert len({t["data"]["id"] for t in tasks}) == len(tasks) == 130
    for task in tasks:
        shown = task["predictions"]
        assert bool(shown) != is_blind(task["data"]["id"], 0.2)
        if shown and int(task["data"]["id"][1:]) % 2:  # the reviewer accepts what is suggested
            answer = httpx.post(
                f"{real}/api/tasks/{task['id']}/annotations", headers=headers, json={"result": shown[0]["result"]}
            )
            assert answer.is_success, answer.text
    accepted = {t["data"]["id"] for t in tasks if t["predictions"] and int(t["data"]["id"][1:]) % 2}
    summary = pull(client, folder / "docs", "Real review", folder / "ana")
    assert (summary.documents, summary.set_aside) == (len(accepted), {"not annotated": 130 - len(accepted)})
    before = {a.doc_id: [s.key for s in a.spans] for a in read_annotations(folder / "auto")}
    for annotation in read_annotations(folder / "ana"):
        assert annotation.doc_id in accepted
        assert [s.key for s in annotation.spans] == before[annotation.doc_id]
    # What the server exports as a file is read like what it answers.
    project = client.project("Real review")
    query = {"exportType": "JSON", "download_all_tasks": "true"}
    export = httpx.get(f"{real}/api/projects/{project}/export", headers=headers, params=query, timeout=60)
    (folder / "export.json").write_bytes(export.content)
    words = ["annotate", "import", str(folder / "export.json"), "--documents", str(folder / "docs")]
    assert main([*words, "--out", str(folder / "file"), "--format", "label-studio"]) == 0
    spans = [[a.spans for a in read_annotations(folder / name)] for name in ("ana", "file")]
    assert spans[0] == spans[1]
    with pytest.raises(GonerdError, match=r"refused the access token \(401\)"):
        push(connect(real, "wrong"), folder / "docs", "Real review")
