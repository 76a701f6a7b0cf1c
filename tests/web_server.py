"""A web server on this machine that offers files, and breaks off or lies where it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server offers and what it was asked.

    Args:
        files: content by path; a path that isn't there is answered with 404.
        cuts: for how many bytes the next answers go, one each, before the connection ends.
        ranges: whether it knows them.
        other_range: whether it answers with another range than was asked for, and says so.
        silent_about_length: whether answers lack their length.
        requests: path and Range header of each request.
        address: set when it runs; ends in a slash.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    other_range: bool = False
    silent_about_length: bool = False
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0, so that the end of the connection is the end of the answer."""

    def __init__(self, site: Site, *arguments: object) -> None:
        self.site = site
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answers with a file or what is asked of it."""
        site, path, asked = self.site, self.path.lstrip("/"), self.headers.get("Range")
        site.requests.append((path, asked))
        content = site.files.get(path)
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and site.ranges else 0
        if start >= len(content) > 0 and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            start = 0 if site.other_range else start
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        if not site.silent_about_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = start + site.cuts.pop(0) if site.cuts else None
        self.wfile.write(content[start:end])

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Runs the server in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site))
    site.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
