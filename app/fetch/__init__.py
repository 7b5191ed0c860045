"""Fetching: bring pages from the Internet, and protect the network around the server from their URLs."""

from app.fetch.address import Verdict, judge
from app.fetch.fetcher import Fetcher
from app.fetch.gate import Gate, Meter, parse_proxy
from app.fetch.headers import check_headers
from app.fetch.policy import TargetPolicy
from app.fetch.resolver import Resolver
from app.fetch.url import TargetUrl, loggable, parse_url, resolve_reference

__all__ = [
    "Fetcher",
    "Gate",
    "Meter",
    "Resolver",
    "TargetPolicy",
    "TargetUrl",
    "Verdict",
    "check_headers",
    "judge",
    "loggable",
    "parse_proxy",
    "parse_url",
    "resolve_reference",
]
