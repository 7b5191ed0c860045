"""Architecture tests: imports, sizes, language, dependencies, and the completeness of the README."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

import pytest
from prometheus_client.metrics import MetricWrapperBase

from app import metrics
from app.cli import COMMANDS
from app.errors import PagecardError, ServiceError, TargetError, leaves
from app.plans import LIMITS, PLANS, Plan
from app.settings import PREFIX, Settings
from app.settings.table import markdown

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / ".github" / "ARCHITECTURE.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "app").rglob("*.py"))

# A room imports from lower floors only; the vocabulary on the ground floor also imports from itself.
FLOORS = (
    {"deadline", "errors", "logs", "metrics", "networks", "page", "plans", "settings", "text", "threads"},
    {"cards", "fetch", "metadata", "results", "storage"},
    {"images", "markdown", "validation"},
    {"content"},
    {"extractor"},
    {"batch", "jobs"},
    {"services"},
    {"api", "cli"},
    {"app"},
    {"server"},
)
GROUND = FLOORS[0]

# The same within fetch, file by file.
FETCH_FLOORS = (
    {"address", "headers", "host"},
    {"url"},
    {"content_coding", "cookies", "policy", "resolver", "sockets"},
    {"response"},
    {"gate"},
    {"session"},
    {"body"},
    {"fetcher"},
    {"browser"},
    {"__init__"},
)
MOST_DOORS = 29  # files and folders in app/
MOST_LINES = 300  # of a file

# The doors hand the environment to Settings; gunicorn and prometheus_client have variables of their own, and so have
# the browser that is started and the terminal.
READERS_OF_THE_ENVIRONMENT = {
    "app/__init__.py",
    "app/cli/__init__.py",
    "app/cli/doctor.py",
    "app/cli/serve.py",
    "app/cli/serving.py",
    "app/fetch/browser/chromium.py",
    "app/logs.py",
    "app/metrics.py",
    "app/server/master.py",
    "app/server/runner.py",
}

# Dependencies that no module imports, and why they are needed.
NOT_IMPORTED = {
    "psycopg": "SQLAlchemy loads the driver that a postgresql+psycopg:// URL names",
}

# Words that sentences without a plain subject are built on.
OBLIQUE = re.compile(r"\b(?:what|who|whose|whom|whoever|whatever|that|one|such|it|them|there)\b", re.IGNORECASE)
OBLIQUE_SHARE = 0.05

FILES_NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)`")
PLACE = re.compile(r"\b(\w+)(?:/|\.py)(?=\s)")  # a room in the drawing of the floors

Function = ast.FunctionDef | ast.AsyncFunctionDef

OF_PYTHON = sys.stdlib_module_names | {"compression"}  # since 3.14
COME_ALONG = {
    "backports.zstd": "backports",
    "werkzeug": "flask",
    "jinja2": "flask",
    "kombu": "celery",
    "soupsieve": "beautifulsoup4",
}


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def room(module: Path) -> str:
    """`cli` of `app/cli/keys.py`, `threads` of `app/threads/pool.py`, and `app` itself."""
    place = module.relative_to(ROOT / "app").parts[0].removesuffix(".py")
    return "app" if place in ("__init__", "__main__") else place


def floor(place: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if place in rooms)


def imported(module: Path) -> Iterator[str]:
    """The rooms that a module imports from, its own left out."""
    rooms = {parts[1] for each in imported_names(module) if (parts := each.split("."))[0] == "app" and len(parts) > 1}
    yield from rooms - {room(module)}


def imported_names(module: Path) -> Iterator[str]:
    """The dotted names that a module imports, those of `import_module("…")` too."""
    for node in ast.walk(tree(module)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str(named)), *_]):
                yield named


def packages(module: Path) -> set[str]:
    """The top-level names that a module imports."""
    return {each.split(".")[0] for each in imported_names(module)}


def functions() -> Iterator[Function]:
    for module in MODULES:
        yield from (node for node in ast.walk(tree(module)) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Lines of its body, its docstring left out."""
    documented = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1 if documented else 0]
    return (function.end_lineno or 0) - first.lineno + 1


def first_lines() -> Iterator[str]:
    """The first line of every docstring, with its place."""
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Module | ast.ClassDef | Function) and (told := ast.get_docstring(node)):
                yield told.splitlines()[0]


def needed(*tables: str) -> set[str]:
    """The distributions that the project file asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: each for name, each in project["optional-dependencies"].items() if not tables or name in tables}
    lines = [*project["dependencies"], *chain.from_iterable(extras.values())]
    return {re.split(r"[^A-Za-z0-9-]", each)[0].lower() for each in lines} - {"pagecard"}


def homes(package: str) -> set[str]:
    """The distributions that bring a package."""
    return {home.lower().replace("_", "-") for home in packages_distributions().get(package, [])}


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def limit(value: int | None) -> str:
    return "unlimited" if value is None else f"{value:,}"


def test_every_room_has_its_place() -> None:
    assert {room(module) for module in MODULES} == set().union(*FLOORS)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_room_imports_from_lower_floors_only(module: Path) -> None:
    here = room(module)
    above = {each for each in imported(module) if floor(each) >= floor(here) and not {here, each} <= GROUND}
    assert above == set()


def test_every_package_that_is_imported_is_named_in_the_project_file() -> None:
    named = needed()
    named |= {comes for comes, brings in COME_ALONG.items() if brings in named}
    everything = set().union(*map(packages, MODULES)) - OF_PYTHON - {"app"}
    assert {package for package in everything if not named & homes(package)} == set()


def test_every_dependency_is_imported() -> None:
    used = set().union(*(homes(package) for module in MODULES for package in packages(module)))
    used |= {brings for comes, brings in COME_ALONG.items() if comes in used}
    assert needed("redis", "postgres", "celery", "render") - used == set(NOT_IMPORTED)


def test_fetching_and_reading_are_strangers() -> None:
    known = {(room(module), other) for module in MODULES for other in imported(module)}
    assert not {("fetch", "metadata"), ("metadata", "fetch")} & known


@pytest.mark.parametrize("module", sorted((ROOT / "app/fetch").rglob("*.py")), ids=name)
def test_a_file_of_fetch_imports_from_lower_floors_alone(module: Path) -> None:
    here = fetch_floor(module.relative_to(ROOT / "app/fetch").parts[0].removesuffix(".py"))
    known = {
        node.module.split(".")[2]
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("app.fetch.")
    }
    assert {
        other for other in known if fetch_floor(other) >= here and not other == "browser" == module.parent.name
    } == set()


def fetch_floor(file: str) -> int:
    return next(number for number, files in enumerate(FETCH_FLOORS) if file in files)


def test_flask_and_click_live_in_the_doors_alone() -> None:
    outside = {
        name(module)
        for module in MODULES
        if re.search(r"^\s*(?:from|import) (?:flask|click)\b", module.read_text(encoding="utf-8"), re.MULTILINE)
        and room(module) not in ("api", "cli", "app")
    }
    assert outside == set()


def test_the_environment_is_read_where_settings_are_made() -> None:
    readers = {
        name(module)
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    }
    assert readers <= READERS_OF_THE_ENVIRONMENT


@pytest.mark.parametrize("module", [m for m in MODULES if m.stat().st_size and "versions/" not in name(m)], ids=name)
def test_a_file_opens_with_what_it_is(module: Path) -> None:
    assert ast.get_docstring(tree(module))


def test_no_room_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}
    assert not vague & {part for module in MODULES for part in Path(name(module)).with_suffix("").parts}


def test_functions_are_short() -> None:
    lengths = [lines_of(function) for function in functions()]
    assert median(lengths) <= 4
    assert quantiles(lengths, n=10)[-1] <= 12


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_file_is_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_hall_has_few_doors() -> None:
    doors = {each.name for each in (ROOT / "app").iterdir() if each.name != "__pycache__"}
    assert len(doors) <= MOST_DOORS


def test_docstrings_begin_plainly() -> None:
    told = [*first_lines()]
    oblique = [line for line in told if len(OBLIQUE.findall(line)) >= 2]
    assert len(oblique) / len(told) <= OBLIQUE_SHARE


@pytest.mark.parametrize("number", range(len(FLOORS)))
def test_the_architecture_page_draws_every_floor(number: int) -> None:
    drawing = ARCHITECTURE.partition("## Rooms and floors")[2].split("```")[1]
    floors = re.split(r"^ (?=\d )", drawing, flags=re.MULTILINE)
    [drawn] = [PLACE.findall(each) for each in floors if each.startswith(str(number))]
    assert {"app" if place in ("__init__", "__main__") else place for place in drawn} - {"static"} == FLOORS[number]


@pytest.mark.parametrize("page", sorted((ROOT / ".github").glob("*.md")), ids=lambda page: page.name)
def test_a_page_for_developers_names_files_that_exist(page: Path) -> None:
    named = set(FILES_NAMED.findall(page.read_text(encoding="utf-8")))
    known = {path.relative_to(base).as_posix() for base in (ROOT, ROOT / "app") for path in base.rglob("*.py")}
    known |= {path.name for path in MODULES}
    assert named - known == set()


def test_the_readme_links_every_page_for_developers() -> None:
    assert {page.name for page in (ROOT / ".github").glob("*.md")} == set(re.findall(r"\(\.github/(\w+\.md)", README))


def test_the_readme_has_the_table_of_settings() -> None:
    assert f"\n{markdown()}\n" in README


def test_the_readme_has_no_setting_that_there_is_not() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+[A-Z])", README))
    assert named <= {field.name.upper() for field in fields(Settings)}


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.name)
def test_the_readme_has_every_plan(plan: Plan) -> None:
    limits = map(limit, (getattr(plan, name) for name in LIMITS))
    assert row(plan.name, *limits) in README


@pytest.mark.parametrize("error", leaves(ServiceError), ids=lambda error: error.code)
def test_the_readme_has_every_error_of_a_request(error: type[PagecardError]) -> None:
    assert re.search(rf"^\| `{error.code}` \| {error.status} \| [^|]+ \|$", README, re.MULTILINE)


@pytest.mark.parametrize("error", leaves(TargetError), ids=lambda error: error.code)
def test_the_readme_has_every_error_of_a_url(error: type[PagecardError]) -> None:
    assert re.search(rf"^\| `{error.code}` \| {error.status} \| (?:yes|no|on [^|]+) \| ", README, re.MULTILINE)


def test_the_readme_has_every_metric() -> None:
    known = {each._name for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)}
    assert known - set(re.findall(r"`(pagecard_[a-z_]+?)(?:_total)?`", README)) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_has_every_command(command: str) -> None:
    assert f"pagecard {command}" in README


@pytest.mark.parametrize(
    "line",
    [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pagecard serve",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ],
)
def test_the_readme_has_the_two_lines_that_everything_begins_with(line: str) -> None:
    assert f"\n{line}\n" in README
