"""Checks with stable ids, above what the settings' own rules say.

``[checks] silence`` names those that are not wanted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inkcre.errors import in_words_of
from inkcre.sections.rules.constraints import point_at
from inkcre.sections.rules.findings import (
    Facts,
    Finding,
    Subject,
    find_debugging,
    find_docs,
    find_former_variable,
    find_laptop,
    find_large_pool,
    find_local_files,
    find_local_values,
    find_missing_secrets,
    find_mistyped_bindings,
    find_open_cors,
    find_shared_sqlite,
    find_shown_secrets,
    find_stale_schemas,
    find_uncreated_bindings,
    find_undefined_bindings,
    find_unused_bindings,
    find_written_secrets,
)
from inkcre.sections.rules.stores import find_half_a_key, find_no_region
from inkcre.sections.settings import Settings
from inkcre.settings.diagnostics import Diagnostic, Level
from inkcre.settings.loader import Inspection

SHOWN_SECRET = "INK106"  # noqa: S105 - an id
"""The id of the check that keeps an artifact from being built."""

MISSING_SECRET = "INK212"  # noqa: S105 - an id
"""The id of the check that says of a missing secret more than the settings' own error."""


Find = Callable[[Subject], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """One check: its id, what it looks for, the settings that it is about."""

    id: str
    title: str
    level: Level
    paths: tuple[str, ...]
    find: Find
    is_for_deployment: bool = False

    def mentions(self, key: str) -> bool:
        """Whether the check is about a setting."""
        return key in self.paths


def find_idle_silence(subject: Subject) -> Iterator[Finding]:
    """Find ids in ``checks.silence`` that no check has."""
    ids = {check.id for check in CHECKS}
    for name in subject.list("checks.silence"):
        if isinstance(name, str) and name not in ids:
            yield Finding(("checks", "silence"), f'no check has the id "{name}"', "remove it")


def check_settings(found: Inspection[Settings], facts: Facts) -> list[Diagnostic]:
    """Return the problems of the settings, then what the checks find, silenced ones left out."""
    if found.profile not in found.profiles:
        return list(found.problems)  # there is nothing to check
    subject = Subject(found, facts, {leaf.key: leaf.value for leaf in found.leaves()})
    silenced = [name for name in subject.list("checks.silence") if isinstance(name, str)]
    findings = [
        _diagnose(check, finding, found)
        for check in CHECKS
        if check.id not in silenced and (facts.is_deploying or not check.is_for_deployment)
        for finding in check.find(subject)
    ]
    # A secret that is missing is said once, by the check, which knows the command for its home.
    said = {finding.subject for finding in findings if finding.code == MISSING_SECRET}
    problems = [p for p in found.problems if p.code != "missing" or p.subject not in said]
    return [*problems, *findings, *found.notes]


def _diagnose(check: Check, finding: Finding, found: Inspection[Settings]) -> Diagnostic:
    return Diagnostic(
        check.id,
        ".".join(finding.path),
        finding.message,
        tuple(point_at(found.origins, (finding.path, *finding.also))),
        help=in_words_of(found.schema.command, found.schema.prefix, finding.hint),
        level=finding.level or check.level,
    )


CHECKS = (
    Check("INK101", "a secret is written in a file", "warning",
          ("database.url", "storage.access_key_id", "storage.secret_access_key"),
          find_written_secrets),
    Check("INK102", "a check is silenced that does not exist", "warning",
          ("checks.silence",), find_idle_silence),
    Check("INK103", "the former name of a variable is used", "warning",
          ("database.url",), find_former_variable),
    Check("INK104", "half of an access key is set", "error",
          ("storage.access_key_id", "storage.secret_access_key"), find_half_a_key),
    Check("INK105", "an editor's schema is of another version", "warning", (), find_stale_schemas),
    Check(SHOWN_SECRET, "a value looks like a secret, where it may be shown", "warning",
          (), find_shown_secrets),
    Check("INK107", "a bucket of Amazon's has no region", "error",
          ("storage.region", "storage.endpoint"), find_no_region),
    Check("INK201", "any web page may read the base", "warning",
          ("http.cors.allow_origins",), find_open_cors, is_for_deployment=True),
    Check("INK202", "the documentation is open to everybody", "warning",
          ("app.docs",), find_docs, is_for_deployment=True),
    Check("INK203", "every request is logged", "warning",
          ("logging.level",), find_debugging, is_for_deployment=True),
    Check("INK204", "SQLite under more than one process", "error",
          ("database.kind", "app.replicas"), find_shared_sqlite, is_for_deployment=True),
    Check("INK205", "files in a local folder, and replicas", "warning",
          ("storage.kind", "app.replicas"), find_local_files, is_for_deployment=True),
    Check("INK206", "values in memory, and replicas", "warning",
          ("keyvalue.kind", "app.replicas"), find_local_values, is_for_deployment=True),
    Check("INK207", "a binding is named and not defined", "error",
          ("database.binding", "storage.binding", "keyvalue.binding"),
          find_undefined_bindings, is_for_deployment=True),
    Check("INK208", "a binding is defined and not named", "warning",
          ("bindings.NAME.type",), find_unused_bindings, is_for_deployment=True),
    Check("INK209", "a binding is of another type than its component asks for", "error",
          ("database.binding", "storage.binding", "keyvalue.binding", "bindings.NAME.type"),
          find_mistyped_bindings, is_for_deployment=True),
    Check("INK210", "a resource has not been created", "error",
          ("bindings.NAME.id",), find_uncreated_bindings, is_for_deployment=True),
    Check("INK211", "more connections than the database takes", "error",
          ("database.pool.kind", "database.pool.size", "database.pool.overflow", "app.replicas"),
          find_large_pool, is_for_deployment=True),
    Check(MISSING_SECRET, "a secret is missing", "error",
          ("database.url",), find_missing_secrets, is_for_deployment=True),
    Check("INK213", "a laptop's profile is deployed", "warning",
          ("profile",), find_laptop, is_for_deployment=True),
)  # fmt: skip
"""Every check. An id is never given to another check."""
