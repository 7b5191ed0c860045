"""Session: send one request through requests, and read no more than the head of its answer.

Rule 1: requests never reads a URL and never follows a redirect; the fetcher does both.
Rule 2: a connection carries one request and is closed with its response.
Rule 3: nothing of the environment is used: no proxies, no netrc; cookies live as long as one chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from app.deadline import Deadline
from app.fetch.cookies import CookieJar
from app.fetch.gate import Gate, UpstreamProxy
from app.fetch.response import Answer
from app.fetch.sockets import Meter, MeteredSocket, MeteredTlsSocket
from app.fetch.url import TargetUrl

_NO_LINE = re.compile(r"[\r\n\0]")


class HopRequest(requests.PreparedRequest):
    """Request that is prepared already: requests' own preparation would read the URL its own way."""

    method: str
    body: bytes | None

    def __init__(
        self,
        url: TargetUrl,
        headers: Mapping[str, str],
        deadline: Deadline,
        *,
        body: bytes | None = None,
        tenant: str = "",
        proxy: UpstreamProxy | None = None,
    ) -> None:
        super().__init__()
        self.method = "GET" if body is None else "POST"
        self.url = str(url)
        self.headers = CaseInsensitiveDict({"Host": url.netloc, **headers})
        self.body = body
        self.hooks = {"response": []}
        self.target = url
        self.meter = Meter(deadline)
        self.tenant = tenant
        self.proxy = proxy
        self.conditional = False  # whether it asks for a page only where its validators changed

    def encode(self) -> bytes:
        """Write the message for the wire (RFC 9112, section 3). Raises ValueError where a line would be two."""
        lines = [f"{self.method} {self.target.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        if _NO_LINE.search("".join(lines)):
            raise ValueError("a line of the request holds a control character")
        return "\r\n".join((*lines, "", "")).encode("latin-1") + (self.body or b"")


class HopResponse(requests.Response):
    """Answer to a request, its body still on the wire. Closed by the receiver."""

    def __init__(self, request: HopRequest, answer: Answer) -> None:
        super().__init__()
        self.request = request
        self.url = str(request.target)
        self.status_code = answer.status
        self.reason = answer.reason
        self.headers = CaseInsensitiveDict(answer.fields)
        self.raw = self.answer = answer
        self.meter = request.meter

    def close(self) -> None:
        self.answer.close()


class GuardedAdapter(BaseAdapter):
    """Adapter of every outbound request. It takes `HopRequest`s alone."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> HopResponse:
        if not isinstance(request, HopRequest):
            raise TypeError("only a HopRequest has a URL that was read by the one parser")
        sock = self._connect(request)
        request.meter.phase = "headers"
        try:
            sock.sendall(request.encode())
            return HopResponse(request, _read_head(sock, request.method))
        finally:
            sock.close()  # the answer keeps the connection until it is closed itself

    def _connect(self, request: HopRequest) -> MeteredSocket | MeteredTlsSocket:
        if request.proxy is None:
            sock = self._gate.connect(request.target, request.meter, request.tenant)
        else:
            sock = self._gate.connect_through(request.proxy, request.target, request.meter, request.tenant)
        return self._gate.start_tls(sock, request.target.host) if request.target.scheme == "https" else sock

    def close(self) -> None:
        """Do nothing: no connection is kept."""


def _read_head(sock: MeteredSocket | MeteredTlsSocket, method: str) -> Answer:
    answer = Answer(sock, method=method)
    try:
        answer.begin()
    except BaseException:
        answer.close()
        raise
    return answer


class RedirectSession(requests.Session):
    """Session of one fetch: cookies survive a redirect chain (some sites loop without them) and no longer, since
    the next URL belongs to a stranger.
    """

    def __init__(self, adapter: GuardedAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.jar = CookieJar()

    def renewed(self) -> RedirectSession:
        """Copy the session, with a jar of its own: making one anew costs twenty times as much."""
        chain = RedirectSession.__new__(RedirectSession)
        vars(chain).update(vars(self), jar=CookieJar())
        return chain

    def go(self, request: HopRequest) -> HopResponse:
        """Send one request, and keep the cookies of its answer."""
        response = self.send(request, stream=True, proxies={})
        assert isinstance(response, HopResponse)  # noqa: S101
        self.jar.keep(request.target, response.answer.values("set-cookie"))
        return response

    def resolve_redirects(self, *_: object, **__: object) -> Iterator[requests.Response]:
        """Hide redirects from requests, which reads the whole body of each."""
        return iter(())
