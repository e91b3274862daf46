"""A Hugging Face hub on the loopback address: as much of its API as publishing and loading a dataset takes.

Repositories are commits of path -> bytes in memory. Parquet and PNG files travel the way of large files (batch,
PUT, verify, then a line in the commit), the others inside the commit. Faults are asked for with `fail`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
LARGE = (".parquet", ".png")
REPO = r"(?P<repo>[^/]+/[^/]+)"


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, error: str, code: str = "") -> None:
        self.status, self.error, self.code = status, error, code


class Dropped(Exception):
    """No answer at all; raised by a test's `watch`."""


@dataclass
class Repo:
    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], message: str, branch: str = "main") -> str:
        self.log.append(message)
        described = json.dumps([len(self.commits), message, sorted(files)]).encode()
        sha = hashlib.sha1(described).hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        return sha

    def at(self, revision: str = "main") -> str:
        sha = self.branches.get(revision) or self.tags.get(revision) or revision
        if sha not in self.commits:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def entry(path: str, data: bytes) -> dict[str, Any]:
    """A file as the tree lists it: large ones by a pointer's hash, with the content's sha256 beside it."""
    if not path.endswith(LARGE):
        return {"type": "file", "path": path, "oid": blob(data), "size": len(data)}
    sha256 = hashlib.sha256(data).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n".encode()
    lfs = {"oid": sha256, "size": len(data), "pointerSize": len(pointer)}
    return {"type": "file", "path": path, "oid": blob(pointer), "size": len(data), "lfs": lfs}


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Fault:
    method: str
    part: str
    status: int
    times: int
    after: bool


class Hub:
    """The server; use it as a context manager, `endpoint` is its address."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.ignored: set[str] = set()  # paths that a .gitignore on the hub keeps out
        self.watch: Callable[[Request], None] = lambda request: None
        self._lock = threading.Lock()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hub._answer(self)

            do_GET = do_HEAD = do_PUT = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, method: str, part: str, status: int, times: int = 1, after: bool = False) -> None:
        """Answers the next `times` requests whose path holds `part` with an error, `after` doing what they asked."""
        self.faults.append(Fault(method, part, status, times, after))

    def wrote(self) -> list[str]:
        """Lists the paths of every request that changes something."""
        return [path for method, path in self.asked if method in ("POST", "PUT") and "paths-info" not in path]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        request = Request(
            handler.command, unquote(parts.path), parse_qs(parts.query), handler.headers, _read_body(handler)
        )
        with self._lock:  # one at a time: commits and counts need no more locks
            self.asked.append((request.method, request.path))
            try:
                self.watch(request)
                status, headers, body = self._serve(request)
            except Dropped:
                return
            except Refused as refused:
                status, body = refused.status, json.dumps({"error": refused.error}).encode()
                headers = {"X-Error-Message": refused.error, "Content-Type": "application/json"}
                if refused.code:
                    headers["X-Error-Code"] = refused.code
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            if request.method != "HEAD":
                handler.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed

    def _serve(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        fault = next((f for f in self.faults if f.method == request.method and f.part in request.path), None)
        if fault:
            fault.times -= 1
            if fault.times == 0:
                self.faults.remove(fault)
            if fault.after:
                self._route(request)
            raise Refused(fault.status, "asked for by the test")
        answer = self._route(request)
        if isinstance(answer, tuple):
            return answer
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _route(self, request: Request) -> Any:
        for method, pattern, serve in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == ("GET" if request.method == "HEAD" else request.method):
                return serve(self, request, **match.groupdict())
        raise Refused(404, f"no such address: {request.path}")

    def _allow(self, request: Request, write: bool = True) -> None:
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in (WRITER, READER, ""):
            raise Refused(401, "Invalid credentials in Authorization header")
        if write and token != WRITER:
            raise Refused(
                403 if token else 401, "You have no right to write" if token else "Invalid username or password."
            )

    def _repo(self, request: Request, name: str, write: bool = False) -> Repo:
        self._allow(request, write=False)
        if name not in self.repos or (self.repos[name].private and not request.headers.get("Authorization")):
            raise Refused(404, "Repository not found", "RepoNotFound")
        self._allow(request, write)
        return self.repos[name]

    # What the API does, by address.

    def create(self, request: Request) -> Any:
        self._allow(request)
        wanted = request.json()
        name, url = f"{wanted['organization']}/{wanted['name']}", f"{self.endpoint}/datasets"
        assert wanted["type"] == "dataset"
        if name in self.repos:
            body = json.dumps({"error": "You already created this dataset repo", "url": f"{url}/{name}"})
            return 409, {"Content-Type": "application/json"}, body.encode()
        private = wanted.get("private") is True or wanted.get("visibility") == "private"
        self.repos[name] = Repo(private)
        self.repos[name].commit({".gitattributes": b"*.parquet filter=lfs\n*.png filter=lfs\n"}, "initial commit")
        return {"url": f"{url}/{name}", "name": name}

    def validate(self, request: Request) -> Any:
        assert request.json()["repoType"] == "dataset"
        return {"errors": [], "warnings": []}

    def info(self, request: Request, repo: str, rev: str = "main") -> Any:
        found = self._repo(request, repo)
        sha = found.at(rev)
        files = [{"rfilename": path} for path in sorted(found.commits[sha])]
        return {"id": repo, "sha": sha, "private": found.private, "tags": [], "downloads": 0, "siblings": files}

    def refs(self, request: Request, repo: str) -> Any:
        found = self._repo(request, repo)
        named = {"branches": ("heads", found.branches), "tags": ("tags", found.tags)}
        return {
            "converts": [],
            **{
                kind: [{"name": n, "ref": f"refs/{folder}/{n}", "targetCommit": sha} for n, sha in sorted(refs.items())]
                for kind, (folder, refs) in named.items()
            },
        }

    def tree(self, request: Request, repo: str, rev: str, path: str | None = None) -> Any:
        found = self._repo(request, repo)
        files = found.commits[found.at(rev)]
        prefix = f"{path}/" if path else ""
        inside = [name for name in sorted(files) if name.startswith(prefix)]
        if prefix and not inside:
            raise Refused(404, f"{path} does not exist", "EntryNotFound")
        recursive = request.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        folders = {name.rpartition("/")[0] for name in inside} | {
            "/".join(name.split("/")[:depth]) for name in inside for depth in range(1, name.count("/"))
        }
        shown = [f for f in folders if f.startswith(prefix) and (recursive or "/" not in f[len(prefix) :])]
        entries = [{"type": "directory", "path": f, "oid": blob(f.encode()), "size": 0} for f in sorted(shown) if f]
        return entries + [entry(n, files[n]) for n in inside if recursive or "/" not in n[len(prefix) :]]

    def paths_info(self, request: Request, repo: str, rev: str) -> Any:
        found = self._repo(request, repo)
        files = found.commits[found.at(rev)]
        wanted = parse_qs(request.body.decode())["paths"]
        known = [entry(path, files[path]) for path in wanted if path in files]
        folders = [path for path in wanted if any(name.startswith(f"{path}/") for name in files)]
        return known + [{"type": "directory", "path": f, "oid": blob(f.encode()), "size": 0} for f in folders]

    def preupload(self, request: Request, repo: str, rev: str) -> Any:
        found = self._repo(request, repo, write=True)
        files = found.commits[found.at(rev)]
        answer = []
        for asked in request.json()["files"]:
            path = asked["path"]
            here = entry(path, files[path]) if path in files else None
            oid = (here["lfs"]["oid"] if "lfs" in here else here["oid"]) if here else None
            mode = "lfs" if path.endswith(LARGE) else "regular"
            answer.append({"path": path, "uploadMode": mode, "shouldIgnore": path in self.ignored, "oid": oid})
        return {"files": answer}

    def batch(self, request: Request, repo: str) -> Any:
        self._repo(request, repo, write=True)
        objects = []
        for asked in request.json()["objects"]:
            href = f"{self.endpoint}/lfs/{asked['oid']}"
            actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
            objects.append({**asked, **({} if asked["oid"] in self.objects else {"actions": actions})})
        return {"transfer": "basic", "objects": objects}

    def put(self, request: Request, oid: str) -> Any:
        if hashlib.sha256(request.body).hexdigest() != oid:
            raise Refused(400, "the content does not have the hash that was announced")
        self.objects[oid] = request.body
        return {}

    def verify(self, request: Request, oid: str) -> Any:
        if len(self.objects.get(oid, b"")) != request.json()["size"]:
            raise Refused(404, "no such object")
        return {}

    def commit(self, request: Request, repo: str, rev: str) -> Any:
        found = self._repo(request, repo, write=True)
        lines = [json.loads(line) for line in request.body.splitlines()]
        header = lines.pop(0)["value"]
        head = found.at(rev)
        if header.get("parentCommit", head) != head:
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(found.commits[head])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.objects[value["oid"]]
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]
        pull = f"refs/pr/{len(found.branches)}" if "create_pr" in request.query else None
        sha = found.commit(files, header["summary"], pull or rev)
        url = f"{self.endpoint}/datasets/{repo}"
        answer = {"success": True, "commitOid": sha, "commitUrl": f"{url}/commit/{sha}", "hookOutput": ""}
        return {**answer, "pullRequestUrl": f"{url}/discussions/{pull.rpartition('/')[2]}" if pull else None}

    def tag(self, request: Request, repo: str, rev: str) -> Any:
        found = self._repo(request, repo, write=True)
        name = request.json()["tag"]
        if name in found.tags:
            raise Refused(409, f"Tag {name} already exists")
        found.tags[name] = found.at(rev)
        return {}

    def resolve(self, request: Request, repo: str, rev: str, path: str) -> Any:
        found = self._repo(request, repo)
        sha = found.at(rev)
        if path not in found.commits[sha]:
            raise Refused(404, "Entry not found", "EntryNotFound")
        data = found.commits[sha][path]
        listed = entry(path, data)
        oid = listed["lfs"]["oid"] if "lfs" in listed else listed["oid"]
        headers = {"ETag": f'"{oid}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range") or "")
        if not wanted:
            return 200, headers, data
        first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
        return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first : last + 1]


ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("POST", "/api/repos/create", Hub.create),
    ("POST", "/api/validate-yaml", Hub.validate),
    ("GET", f"/api/datasets/{REPO}", Hub.info),
    ("GET", f"/api/datasets/{REPO}/revision/(?P<rev>.+)", Hub.info),
    ("GET", f"/api/datasets/{REPO}/refs", Hub.refs),
    ("GET", f"/api/datasets/{REPO}/tree/(?P<rev>refs/pr/[0-9]+|[^/]+)(?:/(?P<path>.+))?", Hub.tree),
    ("POST", f"/api/datasets/{REPO}/paths-info/(?P<rev>.+)", Hub.paths_info),
    ("POST", f"/api/datasets/{REPO}/preupload/(?P<rev>.+)", Hub.preupload),
    ("POST", f"/api/datasets/{REPO}/commit/(?P<rev>.+)", Hub.commit),
    ("POST", f"/api/datasets/{REPO}/tag/(?P<rev>.+)", Hub.tag),
    ("POST", rf"/datasets/{REPO}\.git/info/lfs/objects/batch", Hub.batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", Hub.put),
    ("POST", "/lfs/(?P<oid>[0-9a-f]{64})/verify", Hub.verify),
    ("GET", f"/datasets/{REPO}/resolve/(?P<rev>[^/]+)/(?P<path>.+)", Hub.resolve),
]


def _read_body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body
