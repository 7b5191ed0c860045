"""Send one request through requests, and get no more than the head of its answer.

Rule 1: requests never reads a URL and never follows a redirect: both are done before and after it.
Rule 2: a connection carries one request and is closed with its response.
Rule 3: nothing of the environment is used: no proxies, no netrc; cookies live as long as one chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import requests
from requests.adapters import BaseAdapter
from requests.cookies import RequestsCookieJar, get_cookie_header
from requests.structures import CaseInsensitiveDict

from app.deadline import Deadline
from app.fetch.gate import Gate, Proxy
from app.fetch.response import Answer
from app.fetch.sockets import Meter, MeteredSocket, MeteredTlsSocket
from app.fetch.url import TargetUrl

_NO_LINE = re.compile(r"[\r\n\0]")

MAX_COOKIE_LENGTH = 8 * 1024  # characters of one Cookie field; a chain that wants more sends none


class HopRequest(requests.PreparedRequest):
    """One request, prepared already: requests' own preparation would read the URL its own way."""

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
        proxy: Proxy | None = None,
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


class HopResponse(requests.Response):
    """The answer to one request, its body still on the wire. Whoever has it closes it."""

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
    """The adapter that every outbound request goes through. It takes `HopRequest`s alone."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> HopResponse:
        if not isinstance(request, HopRequest):
            raise TypeError("only a HopRequest has a URL that was read by the one parser")
        sock = self._connect(request)
        try:
            sock.sendall(_written(request))
            answer = Answer(sock, method=request.method)
            try:
                answer.begin()
            except BaseException:
                answer.close()
                raise
            return HopResponse(request, answer)
        finally:
            sock.close()  # the answer keeps the connection until it is closed itself

    def _connect(self, request: HopRequest) -> MeteredSocket | MeteredTlsSocket:
        if request.proxy is None:
            sock = self._gate.connect(request.target, request.meter, request.tenant)
        else:
            sock = self._gate.connect_through(request.proxy, request.target, request.meter, request.tenant)
        return self._gate.start_tls(sock, request.target.host) if request.target.scheme == "https" else sock

    def close(self) -> None:
        """Nothing is kept that would need it."""


def _written(request: HopRequest) -> bytes:
    """The request as it goes over the wire (RFC 9112, section 3). Raises ValueError where a line would be two."""
    lines = [f"{request.method} {request.target.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    if _NO_LINE.search("".join(lines)):
        raise ValueError("a line of the request holds a control character")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + (request.body or b"")


class RedirectSession(requests.Session):
    """The session of one fetch: cookies survive a redirect chain (some sites loop without them) and must
    not survive it (the next URL belongs to a stranger).
    """

    def __init__(self, adapter: GuardedAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def renewed(self) -> RedirectSession:
        """The same with a jar of its own: making a session anew costs twenty times as much."""
        chain = RedirectSession.__new__(RedirectSession)
        vars(chain).update(vars(self), cookies=RequestsCookieJar())
        return chain

    def go(self, request: HopRequest) -> HopResponse:
        """Send one request."""
        response = self.send(request, stream=True, proxies={})
        assert isinstance(response, HopResponse)  # noqa: S101
        return response

    def cookies_for(self, request: HopRequest) -> str:
        """The chain's cookies that belong in a request, "" for none."""
        if not len(self.cookies):
            return ""
        cookies = get_cookie_header(self.cookies, request) or ""  # type: ignore[no-untyped-call]
        return cookies if len(cookies) <= MAX_COOKIE_LENGTH else ""

    def resolve_redirects(self, *_: object, **__: object) -> Iterator[requests.Response]:
        """requests reads the whole body of every redirect that it knows of, so it learns of none."""
        return iter(())
