from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from app.networks import AllowedNetwork
from app.plans import PLANS
from app.settings import Proxy, Settings, SettingsError
from app.settings.providers import Provider
from app.settings.table import hide_passwords, rows

SECRET = "whsec_" + "A" * 32


def read(name: str, value: str) -> Any:
    return getattr(Settings.from_environ({f"PAGECARD_{name}": value}), name.lower())


def refusal(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({f"PAGECARD_{name}": value for name, value in environ.items()})
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("data_dir", Path("pagecard-data")),
        ("database_url", None),
        ("redis_url", None),
        ("broker_url", None),
        ("plans", PLANS),
        ("fetch_timeout", 10.0),
        ("batch_timeout", 20.0),
        ("job_ttl", 7 * 86_400),
        ("allow_targets", ()),
        ("deny_targets", ()),
        ("ca_bundle", None),
        ("accept_language", "en-US, en"),
        ("metrics", True),
    ],
)
def test_nothing_needs_to_be_set(name: str, default: Any) -> None:
    assert getattr(Settings.from_environ({}), name) == default


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("DATA_DIR", "/var/lib/pagecard", Path("/var/lib/pagecard")),
        ("DATABASE_URL", "sqlite:////var/lib/keys.sqlite3", "sqlite:////var/lib/keys.sqlite3"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@db/pagecard", "postgresql+psycopg://u:p@db/pagecard"),
        ("REDIS_URL", "redis://cache:6379/0", "redis://cache:6379/0"),
        ("BROKER_URL", "amqp://guest:guest@mq//", "amqp://guest:guest@mq//"),
        ("FETCH_TIMEOUT", "0.1", 0.1),
        ("FETCH_TIMEOUT", "120", 120.0),
        ("BATCH_TIMEOUT", "300", 300.0),
        ("POOL_SIZE", "1", 1),
        ("POOL_SIZE", " 2000 ", 2_000),
        ("MAX_BYTES", "1024", 1_024),
        ("CACHE_TTL", "0", 0),
        ("JOB_TTL", "60", 60),
        ("ALLOW_TARGETS", "", ()),
        (
            "ALLOW_TARGETS",
            "10.1.0.0/16, 127.0.0.0/8:9100,[::1/128]:9100",
            (
                AllowedNetwork(ip_network("10.1.0.0/16")),
                AllowedNetwork(ip_network("127.0.0.0/8"), 9100),
                AllowedNetwork(ip_network("::1/128"), 9100),
            ),
        ),
        ("DENY_TARGETS", "198.18.0.0/15, fd00::/8", (ip_network("198.18.0.0/15"), ip_network("fd00::/8"))),
        ("EGRESS_PROXY", "http://me:it@proxy:3128/", "http://me:it@proxy:3128"),
        ("USER_AGENT", "Curious/1.0", "Curious/1.0"),
        ("WEBHOOK_SECRET", SECRET, SECRET),
        ("CDP_URL", "ws://browser:9222", "ws://browser:9222"),
        ("METRICS", "off", False),
        ("METRICS", "TRUE", True),
        ("LOG_LEVEL", "Warning", "warning"),
    ],
)
def test_a_setting_is_read_as_what_it_means(name: str, value: str, meant: Any) -> None:
    assert read(name, value) == meant


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATA_DIR", "a\nb", "must be printable text"),
        ("DATABASE_URL", "mysql://db/x", "must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"),
        ("DATABASE_URL", "sqlite://", "must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"),
        (
            "DATABASE_URL",
            "sqlite:///:memory:",
            "must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        ),
        ("REDIS_URL", "cache:6379", "must begin with redis:// or rediss:// or unix://"),
        ("FETCH_TIMEOUT", "0.09", "must be a number of seconds from 0.1 to 120"),
        ("FETCH_TIMEOUT", "121", "must be a number of seconds from 0.1 to 120"),
        ("FETCH_TIMEOUT", "nan", "must be a number of seconds from 0.1 to 120"),
        ("POOL_SIZE", "0", "must be a whole number from 1 to 2000"),
        ("POOL_SIZE", "2001", "must be a whole number from 1 to 2000"),
        ("POOL_SIZE", "1.5", "must be a whole number from 1 to 2000"),
        ("POOL_SIZE", "١٢", "must be a whole number from 1 to 2000"),
        ("ALLOW_TARGETS", "example.com", "'example.com' is no network: "),
        ("ALLOW_TARGETS", "10.1.2.3/16", "'10.1.2.3/16' is no network: "),
        ("ALLOW_TARGETS", "127.0.0.0/8:0", "'127.0.0.0/8:0' has a port that is not a number from 1 to 65535"),
        ("DENY_TARGETS", "10.0.0.0/8:80", "a network that is refused is refused on every port"),
        ("EGRESS_PROXY", "https://proxy:3128", "must be http://USER:PASSWORD@HOST:PORT"),
        ("EGRESS_PROXY", "http://proxy", "must be http://USER:PASSWORD@HOST:PORT"),
        ("CA_BUNDLE", "/none.pem", "names no file: /none.pem"),
        ("USER_AGENT", "Curious\r\nX: y", "must be printable text"),
        ("USER_AGENT", "Neugierig/ü", "must be printable ASCII, since it is sent as a header"),
        ("WEBHOOK_SECRET", "hunter2", "must be whsec_ followed by base64 of at least 24 bytes"),
        ("METRICS", "maybe", "must be true or false"),
        ("LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_does(name: str, value: str, told: str) -> None:
    [line] = refusal(**{name: value})
    assert line.startswith(f"PAGECARD_{name}: {told}")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("POOLSIZE", "POOL_SIZE"),
        ("POOL_SIZES", "POOL_SIZE"),
        ("REDIS", "REDIS_URL"),
        ("DATABASEURL_FILE", "DATABASE_URL_FILE"),
        ("DATA_DIRS", "DATA_DIR"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    assert refusal(**{name: "1"}) == [f"PAGECARD_{name}: no such setting; did you mean PAGECARD_{nearest}?"]


def test_an_unknown_setting_without_a_near_one_is_refused() -> None:
    assert refusal(COLOUR="red") == ["PAGECARD_COLOUR: no such setting; `pagecard settings` lists all"]


@pytest.mark.parametrize(
    "injected",
    [
        {"SERVICE_HOST": "10.0.0.5"},
        {"SERVICE_PORT": "8000"},
        {"SERVICE_PORT_HTTP": "8000"},
        {"PORT": "tcp://10.0.0.5:8000"},
        {"PORT_8000_TCP": "tcp://10.0.0.5:8000"},
        {"PORT_8000_TCP_PROTO": "tcp"},
        {"PORT_53_UDP_ADDR": "fd00::5"},
        {"REDIS_SERVICE_HOST": "10.0.0.6"},
        {"WEB_PORT": "tcp://10.0.0.6:80"},
        {"WEB_2_PORT_80_TCP_PORT": "80"},
    ],
    ids=lambda injected: next(iter(injected)),
)
def test_variables_that_kubernetes_injects_are_passed_over(injected: dict[str, str]) -> None:
    assert Settings.from_environ({f"PAGECARD_{name}": value for name, value in injected.items()}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "8000"), ("PORTS", "80"), ("PORT_HTTP", "80"), ("SERVICE", "pagecard"), ("HOST", "::")]
)
def test_a_setting_that_only_resembles_an_injected_one_is_refused(name: str, value: str) -> None:
    assert refusal(**{name: value})


@pytest.mark.parametrize("name", sorted(field.name.upper() for field in fields(Settings)))
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_value_is_as_good_as_none(name: str, blank: str) -> None:
    assert read(name, blank) == getattr(Settings(), name.lower())


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("DATABASE_URL", "postgresql+psycopg://u:p@db/pagecard", "postgresql+psycopg://u:p@db/pagecard"),
        ("WEBHOOK_SECRET", SECRET, SECRET),
        ("POOL_SIZE", "12", 12),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_value_is_read_from_the_file_that_is_named(
    tmp_path: Path, name: str, value: str, meant: Any, end: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes((value + end).encode())
    settings = Settings.from_environ({f"PAGECARD_{name}_FILE": str(file), f"PAGECARD_{name}": ""})
    assert getattr(settings, name.lower()) == meant


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    assert Settings.from_environ({"PAGECARD_POOL_SIZE_FILE": str(tmp_path / "empty")}) == Settings()


def test_a_mistake_in_a_file_is_told_of_the_variable_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "size"
    file.write_text("many\n")
    assert refusal(POOL_SIZE_FILE=str(file)) == ["PAGECARD_POOL_SIZE_FILE: must be a whole number from 1 to 2000"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    missing, binary = tmp_path / "missing", tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    assert refusal(REDIS_URL_FILE=str(missing)) == [
        f"PAGECARD_REDIS_URL_FILE: cannot read {missing}: No such file or directory"
    ]
    assert refusal(REDIS_URL_FILE=str(binary))[0].startswith(f"PAGECARD_REDIS_URL_FILE: cannot read {binary}: ")


def test_a_setting_and_its_file_together_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "size"
    file.write_text("12")
    assert refusal(POOL_SIZE="13", POOL_SIZE_FILE=str(file)) == [
        "PAGECARD_POOL_SIZE_FILE: set either this or PAGECARD_POOL_SIZE, not both"
    ]


def test_all_mistakes_are_told_at_once_a_line_each() -> None:
    told = refusal(METRICS="maybe", POOL_SIZE="many", COLOUR="red")
    assert [line.split(":")[0] for line in told] == ["PAGECARD_COLOUR", "PAGECARD_METRICS", "PAGECARD_POOL_SIZE"]


def test_what_belongs_to_others_is_not_looked_at() -> None:
    assert Settings.from_environ({"PATH": "/bin", "pagecard_pool_size": "many"}) == Settings()


def test_proxies_are_tables_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "proxies.toml"
    file.write_text('[[proxy]]\ncountry = "DE"\ntype = "datacenter"\nurl = "http://proxy.example:3128"\n')
    assert read("PROXIES", str(file)) == (Proxy("DE", "datacenter", "http://proxy.example:3128"),)


def test_oembed_providers_are_a_list_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text('[{"provider_name": "Films", "provider_url": "https://films.example", "endpoints": []}]')
    assert read("OEMBED_PROVIDERS", str(file)) == (Provider("Films", "https://films.example"),)
    file.write_text("[{}]")
    [told] = refusal(OEMBED_PROVIDERS=str(file))
    assert str(file) in told
    assert "provider_name" in told


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('country = "de"\ntype = "mix"\nurl = "http://p:3128"', "proxy country must be two capitals, not 'de'"),
        ('country = "DE"\ntype = "fast"\nurl = "http://p:3128"', "proxy type must be residential, datacenter or mix"),
        ('country = "DE"\ntype = "mix"\nurl = "socks://p"', "must be http://USER:PASSWORD@HOST:PORT"),
        ('country = "DE"\ntype = "mix"', "write a [[proxy]] table with country, type and url each"),
        ("country = ", "write a [[proxy]] table with country, type and url each"),
    ],
)
def test_a_proxy_that_makes_no_sense_is_refused(tmp_path: Path, table: str, told: str) -> None:
    file = tmp_path / "proxies.toml"
    file.write_text(f"[[proxy]]\n{table}\n")
    [line] = refusal(PROXIES=str(file))
    assert told in line


def test_the_plans_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text("[team]\nbatch_limit = 30\n")
    assert [*read("PLANS", str(file))] == ["team"]


def test_the_database_stands_in_the_data_folder_unless_it_is_named() -> None:
    assert Settings(data_dir=Path("/data")).database == "sqlite:////data/pagecard.sqlite3"
    assert Settings(database_url="sqlite:////keys.sqlite3").database == "sqlite:////keys.sqlite3"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://u:p@db/pagecard", "postgresql+psycopg://u:[hidden]@db/pagecard"),
        ("postgresql+psycopg://u:p@ss/w:rd@db/pagecard", "postgresql+psycopg://u:[hidden]@db/pagecard"),
        ("redis://:p@cache:6379/0", "redis://:[hidden]@cache:6379/0"),
        ("redis://cache:6379/0?password=p&db=1", "redis://cache:6379/0?password=[hidden]&db=1"),
        ("wss://browser/?token=p", "wss://browser/?token=[hidden]"),
        ("amqp://mq//", "amqp://mq//"),
        ("sqlite:////var/lib/a:b.sqlite3", "sqlite:////var/lib/a:b.sqlite3"),
    ],
)
def test_a_password_within_a_url_is_hidden(url: str, shown: str) -> None:
    assert hide_passwords(url) == shown


def test_no_secret_is_in_the_table_of_settings() -> None:
    settings = Settings(
        database_url="postgresql+psycopg://u:hunter2@db/x",
        broker_url="amqp://u:hunter2@mq//",
        webhook_secret="whsec_hunter2",
        proxies=(Proxy("DE", "mix", "http://u:hunter2@p:3128"),),
    )
    shown = {row.variable: row.value for row in rows(settings)}
    assert not [value for value in shown.values() if "hunter2" in value]
    assert shown["PAGECARD_WEBHOOK_SECRET"] == "[hidden]"
    assert shown["PAGECARD_PROXIES"] == "DE mix http://u:[hidden]@p:3128"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATA_DIR", "/var/lib/pagecard"),
        ("FETCH_TIMEOUT", "0.5"),
        ("POOL_SIZE", "12"),
        ("ALLOW_TARGETS", "10.1.0.0/16, 127.0.0.0/8:9100, [::1/128]:9100"),
        ("DENY_TARGETS", "198.18.0.0/15, fd00::/8"),
        ("METRICS", "false"),
    ],
)
def test_a_setting_is_shown_as_it_is_written(name: str, value: str) -> None:
    settings = Settings.from_environ({f"PAGECARD_{name}": value})
    [changed] = [row for row in rows(settings) if not row.is_default]
    assert (changed.variable, changed.value) == (f"PAGECARD_{name}", value)
