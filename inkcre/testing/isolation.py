"""What a test is lent: settings that keep nothing, or all of it below a folder of its own."""

from collections.abc import Mapping
from pathlib import Path

from inkcre.sections.rules.consequences import find_elsewhere
from inkcre.sections.schema import default_application, schema_of
from inkcre.settings.layers import override_layer
from inkcre.settings.leaves import effective_value
from inkcre.settings.merge import merge, nest
from inkcre.settings.origins import Origins
from inkcre.settings.report import Report
from inkcre.settings.section import IN_MEMORY

LENT = {
    "database.kind": "sqlite",
    "database.path": IN_MEMORY,
    "storage.kind": "memory",
    "keyvalue.kind": "memory",
    "scheduler.kind": "off",
}
"""All that is kept is gone with the application, and nothing ticks by itself."""


def lend_settings(overrides: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Return what is lent with a test's own settings above it, nested, for ``create_app``.

    Where the test chooses to keep something in a place and names none, the place is below
    ``folder``: what the profile would say is the place of a real base.
    """
    lent = dict(LENT)
    origins = _stack(lent, overrides)
    if ("storage", "path") in origins.winners:  # a folder was meant, though no kind was named
        lent["storage.kind"] = "filesystem"
        origins = _stack(lent, overrides)
    if effective_value(origins, ("storage", "kind")) == "filesystem":
        lent |= {"storage.kind": "filesystem", "storage.path": str(folder / "files")}
    if find_elsewhere(origins):  # a base in memory may not have it
        lent["database.path"] = str(folder / "base.sqlite3")
    return nest(_stack(lent, overrides))


def _stack(lent: Mapping[str, object], overrides: Mapping[str, object]) -> Origins:
    schema = schema_of(default_application())
    report = Report(schema)  # what is wrong with them is said when they are loaded
    layers = [override_layer(layer, (), report) for layer in (lent, overrides)]
    return merge(layers, schema.root)
