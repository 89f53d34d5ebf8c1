"""The endpoints of the Hugging Face hub that huggingface_hub calls to make a repository, to commit, and to download.

Written after huggingface_hub's own requests and what it does with the answers; large files go over Git LFS, and come
from another host, as on the hub. What the true hub does beyond that is not known here.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from .faulty_server import Asked, Server, running, serve

LARGE = 10_000
"""Bytes from which on a file is not in Git itself."""


@attrs.define
class Repository:
    """Its commits, and the branches that lead to them."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = attrs.field(factory=dict)
    branches: dict[str, str] = attrs.field(factory=dict)
    messages: list[str] = attrs.field(factory=list)

    def commit(self, branch: str, files: Mapping[str, bytes], message: str) -> str:
        """Add files to what a branch has."""
        known = self.commits.get(self.branches.get(branch, ""), {})
        described = f"{len(self.commits)} {branch} {message}"
        name = hashlib.sha1(described.encode(), usedforsecurity=False).hexdigest()
        self.commits[name] = {**known, **files}
        self.branches[branch] = name
        self.messages.append(message)
        return name

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """A commit's name and files, by branch or name."""
        name = self.branches.get(revision, revision)
        return (name, self.commits[name]) if name in self.commits else None


class Hub(ThreadingHTTPServer):
    """Repositories, the large files that were uploaded, and the host that they come from."""

    daemon_threads = True

    def __init__(self, token: str, store: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token, self.store = token, store
        self.repositories: dict[str, Repository] = {}
        self.asked: list[Asked] = []

    @property
    def address(self) -> str:
        """HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note()
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._tell_info(found[1], found[2] or "main")
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._send_file(found[1], found[2], found[3])
        else:
            self._answer(404, {"error": f"no such endpoint: {path}"})

    def do_PUT(self) -> None:
        self._note()
        content = self._body()
        name = self.path.removeprefix("/lfs/")
        assert hashlib.sha256(content).hexdigest() == name
        (self.server.store.root / name).write_bytes(content)
        self._answer(200, {})

    def do_POST(self) -> None:
        self._note()
        path = unquote(self.path)
        body = self._body()
        if not self._is_known():
            self._answer(401, {"error": "Invalid username or password."})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/branch/(.+)", path):
            repository = self.server.repositories[found[1]]
            repository.branches.setdefault(found[2], repository.branches["main"])
            self._answer(200, {})
        elif re.fullmatch(r"/api/models/[^/]+/[^/]+/preupload/.+", path):
            self._sort(json.loads(body)["files"])
        elif re.fullmatch(r"/[^/]+/[^/]+\.git/info/lfs/objects/batch", path):
            self._take_large(json.loads(body)["objects"])
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/(.+)", path):
            self._commit(found[1], found[2], [json.loads(line) for line in body.splitlines()])
        else:
            self._answer(404, {"error": f"no such endpoint: {path}"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing on the terminal."""

    def _note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(f"{self.command} {unquote(self.path)}", headers))

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.server.token}"

    def _find(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        repository = self.server.repositories.get(repo)
        if repository is None or (repository.private and not self._is_known()):
            self._answer(401, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        found = repository.files(revision)
        if found is None:
            self._answer(404, {"error": "Revision not found"}, {"X-Error-Code": "RevisionNotFound"})
        return found

    def _tell_info(self, repo: str, revision: str) -> None:
        if found := self._find(repo, revision):
            files = [{"rfilename": path, "size": len(content)} for path, content in sorted(found[1].items())]
            self._answer(200, {"_id": "0", "id": repo, "modelId": repo, "sha": found[0], "siblings": files})

    def _send_file(self, repo: str, revision: str, path: str) -> None:
        if not (found := self._find(repo, revision)):
            return
        content = found[1].get(path)
        if content is None:
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        elif len(content) >= LARGE:
            digest = hashlib.sha256(content).hexdigest()
            self._answer(302, {}, {"Location": f"{self.server.store.address}/{digest}"})
        else:
            self._send(200, content, {"X-Repo-Commit": found[0]})

    def _create(self, wanted: Mapping[str, Any]) -> None:
        repo = f"{wanted['organization']}/{wanted['name']}"
        address = {"url": f"{self.server.address}/{repo}"}
        if repo in self.server.repositories:
            self._answer(409, {**address, "error": "You already created this model repo"})
            return
        repository = self.server.repositories[repo] = Repository(private=wanted.get("visibility") == "private")
        repository.commit("main", {".gitattributes": b"*.onnx filter=lfs\n"}, "initial commit")
        self._answer(200, address)

    def _sort(self, files: list[dict[str, Any]]) -> None:
        answers = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["size"] >= LARGE else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        self._answer(200, {"files": answers})

    def _take_large(self, wanted: list[dict[str, Any]]) -> None:
        places = [
            {**one, "actions": {"upload": {"href": f"{self.server.address}/lfs/{one['oid']}", "header": {}}}}
            for one in wanted
        ]
        self._answer(200, {"transfer": "basic", "objects": places})

    def _commit(self, repo: str, revision: str, operations: list[dict[str, Any]]) -> None:
        files, message = {}, ""
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "header":
                message = value["summary"]
            elif operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = (self.server.store.root / value["oid"]).read_bytes()
        name = self.server.repositories[repo].commit(revision, files, message)
        self._answer(
            200, {"success": True, "commitOid": name, "commitUrl": f"{self.server.address}/{repo}/commit/{name}"}
        )

    def _answer(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serve_hub(folder: Path, token: str) -> Iterator[Hub]:
    """A hub while the block runs, whose large files are in a folder."""
    folder.mkdir()
    with serve(folder) as store, Hub(token, store) as hub, running(hub):
        yield hub
