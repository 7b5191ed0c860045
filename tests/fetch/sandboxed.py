"""Run inside tests/sandbox.py: the guard with its default policy, between "public" sites and private canaries.

Prints a JSON object: for each case its outcome, and under "reached" every canary that heard anything.
"""

from __future__ import annotations

import json
from ipaddress import ip_address

from app.deadline import Deadline
from app.errors import TargetError
from app.fetch import Fetcher, Resolver, TargetPolicy, parse_url
from tests.sandbox import assign, bring_up
from tests.site import Names, Site

PUBLIC, PUBLIC_V6 = "93.184.216.34", "2606:4700::1111"
PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "fd00::1", "fec0::1"]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1"]
PORTS = (80, 8080, 6379)


class Anywhere(Site):
    beyond_loopback = True


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def main() -> None:
    bring_up()
    for address in (PUBLIC, PUBLIC_V6, *PRIVATE):
        assign(ip_address(address))
    public = Anywhere(port=80, address=PUBLIC)
    public.listen(PUBLIC_V6)
    canaries = {
        (address, port): Anywhere(port=port, address=address) for address in PRIVATE + LOOPBACK for port in PORTS
    }
    canaries[PUBLIC, 6379] = Anywhere(port=6379, address=PUBLIC)
    public.page("/", "<title>public</title>")

    names = Names(
        {
            "public.example": [PUBLIC],
            "both.example": [PUBLIC_V6, PUBLIC],
            "first-good.example": [PUBLIC, "10.0.0.1"],
            "last-good.example": ["10.0.0.1", PUBLIC],
            "mapped.example": ["::ffff:10.0.0.1"],
            "flips.example": ([PUBLIC], ["127.0.0.1"]),
            "flips-between-hops.example": ([PUBLIC], ["10.0.0.1"]),
            **{f"private-{number}.example": [address] for number, address in enumerate(PRIVATE + LOOPBACK)},
        }
    )
    fetcher = Fetcher(
        policy=TargetPolicy(),
        resolver=Resolver(names, pool_size=2),
        max_bytes=100_000,
        timeout=5.0,
        user_agent="Pagecard-test",
        accept_language="en",
    )

    def outcome(url: str) -> str:
        try:
            return str(fetcher.fetch(parse_url(url), Deadline.after(30.0)).status)
        except TargetError as error:
            return error.code

    def redirect(path: str, location: str) -> str:
        return public.route(path, lambda wire, request: wire.redirect(location))

    found = {
        "public address": outcome(f"http://{PUBLIC}/"),
        "public IPv6 address": outcome(f"http://[{PUBLIC_V6}]/"),
        "public name": outcome("http://public.example/"),
        "name with both": outcome("http://both.example/"),
        "good address first": outcome("http://first-good.example/"),
        "good address last": outcome("http://last-good.example/"),
        "mapped address": outcome("http://mapped.example/"),
        "flip, before": outcome("http://flips.example/"),
        "flip, after": outcome("http://flips.example/"),
        "other port": outcome(f"http://{PUBLIC}:6379/"),
        "redirect to another port": outcome(redirect("/port", f"http://{PUBLIC}:6379/")),
        "redirect to the same host, which flips": outcome(
            redirect("/again", "http://flips-between-hops.example/").replace(PUBLIC, "flips-between-hops.example")
        ),
        "redirect from public to public": outcome(redirect("/on", "http://both.example/")),
    }
    for number, address in enumerate(PRIVATE + LOOPBACK):
        for port in PORTS:
            there = f"http://{in_url(address)}:{port}/"
            found[f"{there}"] = outcome(there)
            found[f"redirect to {there}"] = outcome(redirect(f"/to-{number}-{port}", there))
        by_name = f"http://private-{number}.example/"
        found[f"{by_name} = {address}"] = outcome(by_name)
        found[f"redirect to {by_name}"] = outcome(redirect(f"/to-name-{number}", by_name))
    found["lookups of a name that flips"] = names.asked.count("flips.example")
    found["reached"] = [f"{address}:{port}" for (address, port), site in canaries.items() if site.connections]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
