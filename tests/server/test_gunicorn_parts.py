"""Parts of other packages that their documentation does not promise. An upgrade that lacks one fails here, by name."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

APP = Path(__file__).parents[2] / "app"

# The documented contract is gunicorn.workers.base.Worker with `init_process`, `run`, `notify` and `alive`, the settings
# and the server hooks. Everything else has its reason here.
PARTS = {
    "gunicorn.workers.base.Worker.PIPE": "the loop wakes up when a signal has been written to it",
    "gunicorn.workers.base.Worker.age": "tells a worker of the first start from one that replaces another",
    "gunicorn.workers.base.Worker.booted": "an exception after the start is not one of the start",
    "gunicorn.workers.base.Worker.cfg": "settings: threads, worker_connections, keepalive, graceful_timeout, workers",
    "gunicorn.workers.base.Worker.max_requests": "ends a worker after so many requests",
    "gunicorn.workers.base.Worker.nr": "number of requests",
    "gunicorn.workers.base.Worker.ppid": "a worker ends with its master",
    "gunicorn.workers.base.Worker.sockets": "the listeners",
    "gunicorn.workers.base.Worker.wsgi": "the application",
    "gunicorn.arbiter.Arbiter.start": "calls check_config, which refuses TLS",
    "gunicorn.http.parser.RequestParser": "parses heads and bodies as all of gunicorn's workers do",
    "gunicorn.http.parser.RequestParser.finish_body": "reads the rest of a body, False where it is malformed",
    "gunicorn.http.parser.RequestParser.unreader": "holds bytes that were read and belong to no request",
    "gunicorn.http.unreader.Unreader.take_buffered": "shows whether parser and receiver agree on the end",
    "gunicorn.http.unreader.SocketUnreader.chunk": "reads by `recv` alone, which a channel offers",
    "gunicorn.http.wsgi.create": "makes the environ and the response of a request",
    "gunicorn.http.wsgi.Response.start_response": "handed to the application",
    "gunicorn.http.wsgi.Response.write": "sends by `sendall`",
    "gunicorn.http.wsgi.Response.close": "sends the last chunk",
    "gunicorn.http.wsgi.Response.headers_sent": "no second answer once a head has been sent",
    "gunicorn.http.wsgi.Response.force_close": "announces that the connection closes",
    "gunicorn.http.wsgi.Response.should_close": "whether that was announced",
    "gunicorn.http.errors.InvalidHeader": "raised for an ambiguous length, named in the answer",
    "gunicorn.http.errors.LimitRequestHeaders": "raised for a head without end, named in the answer",
    "gunicorn.http.errors.NoMoreData": "a request that is not whole",
    "gunicorn.http.errors.ParseException": "a request that is no HTTP",
    "http.client.HTTPResponse.begin": "replaced: heads are read by app.fetch.response",
    "http.client.HTTPResponse._read_next_chunk_size": "replaced: it takes signs and underscores",
    "http.client.HTTPResponse._read_and_discard_trailer": "replaced: trailers are bounded",
    "http.client.HTTPResponse.chunk_left": "set by the replaced `begin`",
    "http.client.HTTPResponse.will_close": "set by the replaced `begin`",
    "prometheus_client.mmap_dict.MmapedDict.read_all_values_from_file": "figures of ended processes are added up",
    "prometheus_client.mmap_dict.MmapedDict.read_value": "the same",
    "prometheus_client.mmap_dict.MmapedDict.write_value": "the same",
    "prometheus_client.mmap_dict.MmapedDict._used": "the same",
}


def exists(part: str) -> bool:
    """Whether an installed package has a part: a name of a module, an attribute of a class or of its objects."""
    module, _, name = part.rpartition(".")
    try:
        return hasattr(import_module(module), name)
    except ImportError:
        module, _, owner = module.rpartition(".")
    try:
        cls = getattr(import_module(module), owner)
    except (ImportError, AttributeError):
        return False
    return hasattr(cls, name) or any(f"self.{name} =" in inspect.getsource(base) for base in cls.__mro__[:-1])


def imports_of_gunicorn() -> Iterator[str]:
    for module in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gunicorn"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_inner_part_that_is_relied_on_exists() -> None:
    missing = [f"{part}: {reason}" for part, reason in PARTS.items() if not exists(part)]
    assert missing == []


def test_every_part_of_gunicorn_that_is_imported_is_listed() -> None:
    unlisted = {name for name in imports_of_gunicorn() if not any(part.startswith(name) for part in PARTS)}
    assert unlisted == set()
