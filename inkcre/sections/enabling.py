"""The schema that settings ask for by ``[extensions]``: with a table for each that they enable.

The settings engine asks for it when the layers are merged, and before they are validated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeGuard, TypeVar

from inkcre.application import Application, Clash
from inkcre.discovery import explain_fault, find_extension
from inkcre.errors import InkcreError, Unsupported, in_words_of
from inkcre.extension import Extension
from inkcre.sections.extensions import ExtensionsSettings
from inkcre.sections.settings import Settings
from inkcre.settings.diagnostics import Diagnostic, Label, suggest
from inkcre.settings.labels import label_item, label_key, label_value
from inkcre.settings.nodes import KeyPath
from inkcre.settings.origins import Definition, Origins
from inkcre.settings.report import SettingsError
from inkcre.settings.schema import Elsewhere, Grown, Schema
from inkcre.settings.section import find_fault

TABLE = "extensions"
ENABLED: KeyPath = (TABLE, "enabled")
DISABLED: KeyPath = (TABLE, "disabled")

T = TypeVar("T")

SchemaOf = Callable[[Application], Schema[Settings]]


@dataclass(frozen=True)
class Wanted:
    """An extension that settings enable, and where."""

    name: str
    definition: Definition
    index: int

    def label(self, origins: Origins) -> Label:
        """Point at the name."""
        return label_item(self.definition, [self.index], origins.root)


def grow(
    origins: Origins,
    elsewhere: Elsewhere,
    *,
    application: Application,
    schema_of: SchemaOf,
) -> Grown[Settings]:
    """Return the schema with what merged settings enable.

    Args:
        origins: the settings, merged by any schema of the application.
        elsewhere: what other profiles have.
        application: with the parts that it names itself.
        schema_of: makes an application's schema.
    """
    disabled = set(names_at(origins, DISABLED))
    wanted = [one for one in _list_wanted(origins) if one.name not in disabled]
    problems: list[Diagnostic] = list(_find_repeated(wanted, origins))
    found = _find_records(wanted, origins, application, problems)
    grown = _enable(found, wanted, origins, application, schema_of, problems)
    tables = dict(_list_tables(origins, {one.name for one in wanted}))
    refused = {one.name for one in wanted} - {part.name for part in grown.enabled}
    schema = schema_of(grown)
    widen = partial(_widen, grown, schema_of, partial(_names_elsewhere, origins, elsewhere))
    if not tables and not refused:
        return Grown(schema, tuple(problems), widen=widen)
    allowed = disabled | set(_names_elsewhere(origins, elsewhere)) if tables else disabled
    idle = [_describe_idle(name, tables[name]) for name in tables if name in allowed]
    problems += [
        _refuse_table(name, definition, origins, application)
        for name, definition in tables.items()
        if name not in allowed
    ]
    unread = frozenset((TABLE, name) for name in {*tables, *refused})
    return Grown(replace(schema, unread=unread), tuple(problems), tuple(idle), widen)


def _widen(
    application: Application, schema_of: SchemaOf, list_names: Callable[[], Iterable[str]]
) -> Schema[Settings]:
    """Return the schema with what any profile enables, as far as that can be had."""
    for name in dict.fromkeys(list_names()):
        if name not in {part.name for part in application.enabled}:
            with suppress(InkcreError):
                part = find_extension(application, name)
                larger = application.enabling((*application.enabled, part))
                schema_of(larger)
                application = larger
    return schema_of(application)


def _all_definitions(origins: Origins, path: KeyPath) -> Iterator[Definition]:
    if path in origins.winners:
        yield origins.winners[path]
    yield from origins.weaker(path)


def _names(definitions: Iterable[Definition]) -> Iterator[tuple[Definition, str]]:
    """Yield the names in lists; what is no list of names is for the model to refuse."""
    for definition in definitions:
        value = definition.value
        for name in value if isinstance(value, (list, tuple)) else ():
            if _is_name(name):
                yield definition, name


def names_at(origins: Origins, path: KeyPath) -> list[str]:
    """Return the names in the list that holds at a path."""
    return [name for _, name in _names(filter(None, [origins.winners.get(path)]))]


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and find_fault(value) is None


def require_targets(application: Application, target: str) -> None:
    """Raise unless all that settings enable runs on a target.

    Raises:
        Unsupported: one of them does not.
    """
    for part in application.enabled:
        if target not in part.targets:
            raise Unsupported(
                f"{part}: does not run on target {target}, but on {' and '.join(part.targets)}",
                hint="enable it in another profile: under [profiles.NAME.extensions]",
            )


def load_blaming(settings: Settings, load: Callable[[Application], T]) -> T:
    """Return what loading an application's parts gives.

    Args:
        settings: those of the application.
        load: what looks up its parts.

    Raises:
        SettingsError: parts that settings enable cannot be loaded: each is told, with its line.
        Exception: what ``load`` raised, where the fault is another's.
    """
    application = settings.application
    try:
        return load(application)
    except Exception:
        problems = list(_blame(settings, load))
        if not problems:
            raise
        raise SettingsError(problems, application.name) from None


def _blame(settings: Settings, load: Callable[[Application], object]) -> Iterator[Diagnostic]:
    """Yield what is wrong with each of those that settings enable, tried one after the other."""
    application, origins = settings.application, settings.origins
    sound: tuple[Extension, ...] = ()
    wanted = {one.name: one for one in _list_wanted(origins)}
    if application.enabled:
        load(application.own)
    for part in application.enabled:
        try:
            load(application.enabling((*sound, part)))
        except Exception as error:  # noqa: BLE001 - a package of somebody else raises what it likes
            one = wanted[part.name]
            yield _diagnose(error, one, origins, application, list(wanted.values()))
        else:
            sound = (*sound, part)


def where_enabled(origins: Origins, name: str) -> str:
    """Return the place that enables an extension."""
    for one in _list_wanted(origins):
        if one.name == name:
            return one.label(origins).name
    return origins.of(ENABLED).describe()


def _list_wanted(origins: Origins) -> list[Wanted]:
    definition = origins.winners.get(ENABLED)
    value = definition.value if definition else ()
    if definition is None or not isinstance(value, (list, tuple)):
        return []
    return [Wanted(name, definition, i) for i, name in enumerate(value) if _is_name(name)]


def _find_repeated(wanted: list[Wanted], origins: Origins) -> Iterator[Diagnostic]:
    times = Counter(one.name for one in wanted)
    for name in (name for name, number in times.items() if number > 1):
        labels = tuple(one.label(origins) for one in wanted if one.name == name)
        yield Diagnostic(
                "repeated_extension", ".".join(ENABLED), f"names {name} twice", labels, (),
                "name each once",
            )  # fmt: skip


def _find_records(
    wanted: list[Wanted], origins: Origins, application: Application, problems: list[Diagnostic]
) -> dict[str, Extension]:
    """Return the records by name; of what cannot be had the problem is noted."""
    found: dict[str, Extension] = {}
    for one in wanted:
        if one.name in found:
            continue
        try:
            found[one.name] = find_extension(application, one.name)
        except Exception as error:  # noqa: BLE001 - a package of somebody else raises what it likes
            problems.append(_diagnose(error, one, origins, application, wanted))
    return found


def _enable(
    found: dict[str, Extension],
    wanted: list[Wanted],
    origins: Origins,
    application: Application,
    schema_of: SchemaOf,
    problems: list[Diagnostic],
) -> Application:
    """Return the application with all of them; where that cannot be, with those that can."""
    try:
        grown = application.enabling(tuple(found.values()))
        schema_of(grown)
    except Exception:  # noqa: BLE001 - it is raised again below, where it is known by whom
        grown = application
    else:
        return grown
    for one in wanted:
        extension = found.pop(one.name, None)  # a name that is repeated was tried already
        if extension is None:
            continue
        try:
            larger = application.enabling((*grown.enabled, extension))
            schema_of(larger)
        except Exception as error:  # noqa: BLE001 - as above
            problems.append(_diagnose(error, one, origins, application, wanted))
        else:
            grown = larger
    return grown


def _diagnose(
    error: Exception,
    one: Wanted,
    origins: Origins,
    application: Application,
    wanted: list[Wanted],
) -> Diagnostic:
    """Tell what keeps an extension from being enabled, with the line that enables it."""
    if not isinstance(error, InkcreError):
        error = explain_fault(error, one.name, application)
    subject = f"extension {one.name}"
    message = error.message.removeprefix(f"{subject}: ")
    hint = error.hint and in_words_of(application.name, application.prefix, error.hint)
    labels = [one.label(origins)]
    if isinstance(error, Clash):
        owner = f"{error.between[1]}:"
        labels += [w.label(origins) for w in wanted if owner.startswith(f"extension {w.name}:")]
    return Diagnostic(error.code, subject, message, tuple(labels), (), hint)


def _list_tables(origins: Origins, known: set[str]) -> Iterator[tuple[str, Definition]]:
    """Yield the tables of extensions that are not enabled, each by a definition in it."""
    for path, definition in origins.winners.items():
        if path[:1] != (TABLE,) or len(path) < 2 or path[1] in {*ExtensionsSettings.model_fields}:
            continue
        if path[1] not in known and (len(path) > 2 or isinstance(definition.value, dict)):
            yield path[1], definition


def _names_elsewhere(origins: Origins, elsewhere: Elsewhere) -> Iterator[str]:
    """Yield what any layer, or another profile, enables."""
    for _, name in _names(_all_definitions(origins, ENABLED)):
        yield name
    for value in elsewhere(ENABLED):
        yield from (
            (name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
        )


def _describe_idle(name: str, definition: Definition) -> Diagnostic:
    return Diagnostic(
        "idle_table",
        f"{TABLE}.{name}",
        "is not looked at: the extension is not enabled here",
        (label_key(definition),),
        level="note",
    )


def _refuse_table(
    name: str, definition: Definition, origins: Origins, application: Application
) -> Diagnostic:
    labels = [label_key(definition)]
    names = origins.winners.get(ENABLED)
    if names:
        labels.append(label_value(names, origins.root))
    listed = [n for _, n in _names([names] if names else [])]
    meant = suggest(name, [*listed, *ExtensionsSettings.model_fields])
    return Diagnostic(
        "not_enabled",
        f"{TABLE}.{name}",
        "belongs to an extension that nothing enables",
        tuple(labels),
        (),
        f"did you mean `{meant}`?"
        if meant
        else f"`{application.name} extensions enable {name}`, or take the table out",
    )
