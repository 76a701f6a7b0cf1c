"""As much of the Hugging Face Hub as its own client asks for when it fetches a data set."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c" * 40


@dataclass
class Hub:
    """One data set, owner/insects, and what was asked for.

    Args:
        files: content by path.
        listed_sha256: what is listed for a path in place of the right one.
        requests: path of each request.
        address: set when it runs.
    """

    files: dict[str, bytes]
    listed_sha256: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""

    def sha256(self, path: str) -> str:
        """As it is listed."""
        return self.listed_sha256.get(path, hashlib.sha256(self.files[path]).hexdigest())

    def about(self) -> dict[str, Any]:
        """What the API says of the data set, sizes and hashes of large files included."""
        siblings = [
            {"rfilename": path, "size": len(content), **self.large(path, "sha256")}
            for path, content in self.files.items()
        ]
        return {
            "id": "owner/insects", "sha": COMMIT, "siblings": siblings, "private": False,
            "gated": False, "tags": [], "downloads": 0, "likes": 0,
        }  # fmt: skip

    def tree(self) -> list[dict[str, Any]]:
        """The same as a list of files."""
        return [
            {
                "type": "file", "path": path, "size": len(content), "oid": "b" * 40,
                **self.large(path, "oid"),
            }
            for path, content in self.files.items()
        ]  # fmt: skip

    def large(self, path: str, key: str) -> dict[str, Any]:
        """Data files are kept apart from git; the others have no sha256."""
        if path.endswith(".md"):
            return {}
        lfs = {"size": len(self.files[path]), key: self.sha256(path), "pointerSize": 130}
        return {"lfs": lfs}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, hub: Hub, *arguments: object) -> None:
        self.hub = hub
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answers what the client asks."""
        hub, path = self.hub, self.path.partition("?")[0]
        hub.requests.append(path)
        start = "/api/datasets/owner/insects"
        file = path.removeprefix(f"/datasets/owner/insects/resolve/{COMMIT}/")
        if path == f"{start}/tree/{COMMIT}":
            self._answer(json.dumps(hub.tree()).encode())
        elif path in (start, f"{start}/revision/{COMMIT}", f"{start}/revision/v1"):
            self._answer(json.dumps(hub.about()).encode())
        elif file in hub.files:
            self._answer(hub.files[file], ETag=f'"{hub.sha256(file)}"')
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        """The same without content."""
        self.do_GET()

    def _answer(self, content: bytes, **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """Runs the server in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, hub))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
