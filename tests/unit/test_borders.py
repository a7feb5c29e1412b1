"""The borders between rooms: each rule of the house reports what breaks it.

The graph of imports is built once; a case adds one import to it. Two runs of the command show that
the rules are those of ``make check``.
"""

import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import grimp
import inkcre_telegram
import links
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract

import inkcre
from tests.conftest import ROOT

BELOW = "rooms import what is below them"
CIRCLES = "modules of a room do not import each other in a circle"
FRAMEWORK = "the framework imports nothing of the base"
DOMAIN = "the domain sees no face, no engine, no setting"
FACES = "the faces see no SQL"
SETTINGS = "settings see no web and no SQL"
FASTAPI = "FastAPI is known to faces, the app and the entries"
ASSEMBLY = "only the assembly names an adapter"
ADAPTERS = "adapters do not know each other"
LINKS = "another application has nothing of the base"
EXTENSION = "an extension of the base goes by what it is lent"
TYPES = "only their table, and the command for lists of feeds, name types of sources"
ARTIFACT = "only the command line, the kit, and what prepares an installation, know how an artifact is built"

VIOLATIONS = [
    # From below to above, at each height of the house.
    ("errors", "inkcre.tracing", BELOW),
    ("tracing", "inkcre.context", BELOW),
    ("javascript", "inkcre.tracing", BELOW),
    ("ports.database", "inkcre.context", BELOW),
    ("settings.origins", "inkcre.context", BELOW),
    ("settings.merge", "inkcre.sections.database", BELOW),
    ("sections.rules.checks", "inkcre.process.probes", BELOW),
    ("adapters.database.sqlite", "inkcre.sql.tables", BELOW),
    ("assembly.plan", "inkcre.sql.schema", BELOW),
    ("sql.tables", "inkcre.jobs.kinds", BELOW),
    ("jobs.runner", "inkcre.runtime.logs", BELOW),
    ("graph.blocks", "inkcre.sources.items.item_rows", BELOW),
    ("sources.collect", "inkcre.transfer.exports", BELOW),
    ("transfer.imports", "inkcre.http.streams", BELOW),
    ("http.jobs", "inkcre.app", BELOW),
    ("api.blocks", "inkcre.core", BELOW),
    ("app", "inkcre.edge.entry", BELOW),
    ("edge.entry", "inkcre.process.serve", BELOW),
    ("process.serve", "inkcre.edge.entry", BELOW),
    ("edge.collector", "inkcre.cli.main", BELOW),
    ("cli.main", "inkcre.testing.isolation", BELOW),
    ("cli.main", "inkcre.commands.files", BELOW),
    ("extension", "inkcre.application", BELOW),
    ("attic.chest", "inkcre.errors", BELOW),  # a room that nobody gave a place
    # Within a room.
    ("graph.blocks", "inkcre.graph.graphs", CIRCLES),
    ("graph.file_notes", "inkcre.graph.files.files", CIRCLES),
    ("sources.pages.page", "inkcre.sources.pages.heavy", CIRCLES),
    ("sources.base", "inkcre.sources.registry", CIRCLES),
    ("jobs.leases", "inkcre.jobs.runner", CIRCLES),
    # The framework and its first user.
    ("assembly.assembly", "inkcre.sources.registry", FRAMEWORK),
    ("runtime.lifecycle", "inkcre.graph.files.claims", FRAMEWORK),
    ("jobs.tick", "inkcre.core", FRAMEWORK),
    ("http.openapi", "inkcre.api.graphs", FRAMEWORK),
    ("app", "inkcre.api.blocks", FRAMEWORK),
    ("edge.entry", "inkcre.graph.files.claims", FRAMEWORK),
    ("extension", "inkcre.core", FRAMEWORK),
    ("process.doctor", "inkcre.graph.files.claims", FRAMEWORK),
    ("cli.checks", "inkcre.sources.sources", FRAMEWORK),
    ("links.http", "inkcre.graph.blocks", LINKS),
    ("inkcre_telegram.jobs", "inkcre.context", EXTENSION),
    ("inkcre_telegram.bot", "inkcre.adapters.web.sockets", EXTENSION),
    # The domain.
    ("graph.blocks", "fastapi", DOMAIN),
    ("jobs.leases", "psycopg", DOMAIN),
    ("graph.graphs", "inkcre.sections.settings", DOMAIN),
    ("sources.collect", "inkcre.http.problems", DOMAIN),
    ("transfer.exports", "sqlite3", DOMAIN),
    ("graph.files.files", "inkcre.adapters.storage.s3", DOMAIN),
    # Web and SQL in their places.
    ("api.blocks", "sqlalchemy", FACES),
    ("http.jobs", "inkcre.sql.tables", FACES),
    ("settings.loader", "sqlalchemy", SETTINGS),
    ("sections.http", "starlette", SETTINGS),
    ("runtime.metrics", "starlette", FASTAPI),
    # Adapters.
    ("app", "inkcre.adapters.database.sqlite", ASSEMBLY),
    ("process.doctor", "inkcre.adapters.storage.s3", ASSEMBLY),
    ("edge.collector", "inkcre.adapters.database.d1", ASSEMBLY),
    ("assembly.plan", "inkcre.adapters.prefixed", ASSEMBLY),
    ("adapters.database.postgres", "inkcre.adapters.database.sqlite", ADAPTERS),
    ("adapters.storage.s3", "inkcre.adapters.storage.filesystem", ADAPTERS),
    ("adapters.keyvalue.database", "inkcre.adapters.database.sqlite", ADAPTERS),
    # What few may name.
    ("core", "inkcre.sources.types.rss", TYPES),
    ("edge.entry", "inkcre.edge.artifact.builder", ARTIFACT),
    ("cli.serve", "inkcre.edge.local.harness", ARTIFACT),
    ("testing.extension.rules", "inkcre.edge.local.harness", ARTIFACT),
]
"""Who imports, what, and the rule that has to say so."""

KINDS: dict[str, type[Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}

CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
RULES = {options["name"]: options for options in CONFIGURATION["contracts_options"]}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Build the graph of imports of the package as it is."""
    packages = ("inkcre", "inkcre_telegram", "links")
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def contract(rule: str) -> Contract:
    """Make what checks a rule."""
    return KINDS[RULES[rule]["type"]](rule, CONFIGURATION["session_options"], RULES[rule])


def is_kept(rule: str, graph: grimp.ImportGraph) -> bool:
    """Check a rule; checking takes what it ignores out of the graph."""
    return contract(rule).check(deepcopy(graph), verbose=False).kept


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds(graph: grimp.ImportGraph, rule: str) -> None:
    """The package as it is breaks none."""
    assert is_kept(rule, graph)


@pytest.mark.parametrize(("importer", "imported", "rule"), VIOLATIONS)
def test_violation_is_reported(
    graph: grimp.ImportGraph, importer: str, imported: str, rule: str
) -> None:
    """By the rule that is meant, with one import more."""
    spoiled = deepcopy(graph)
    is_whole = importer.startswith(("links", "inkcre_telegram"))
    importer = importer if is_whole else f"inkcre.{importer}"
    for name in (importer.rpartition(".")[0], importer):
        if name not in spoiled.modules:
            assert "attic" in name, "a module that is not there breaks nothing"
            spoiled.add_module(name)
    assert imported in graph.modules
    spoiled.add_import(importer=importer, imported=imported)
    assert not is_kept(rule, spoiled)


def test_every_rule_has_a_violation() -> None:
    """None is there for show."""
    assert {rule for _, _, rule in VIOLATIONS} == set(RULES)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a copy of the package."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_command_reports_a_violation(tmp_path: Path) -> None:
    """And nothing without it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(inkcre.__file__).parent, tmp_path / "inkcre", ignore=ignored)
    telegram = Path(inkcre_telegram.__file__).parent
    shutil.copytree(telegram, tmp_path / telegram.name, ignore=ignored)
    shutil.copytree(Path(links.__file__).parent, tmp_path / "links", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = lint_imports(tmp_path)
    assert done.returncode == 0, done.stdout
    with (tmp_path / "inkcre/graph/blocks.py").open("a") as file:
        file.write("\nimport inkcre.sources.items.item_rows\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert f"{BELOW} BROKEN" in done.stdout
