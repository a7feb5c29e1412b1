"""The settings model of an application: the framework's sections, and a table for each part."""

from collections.abc import Sequence
from copy import copy
from inspect import cleandoc
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from inkcre.application import Application, refuse_clashes
from inkcre.errors import BadReference
from inkcre.extension import Extension, load_reference
from inkcre.sections.app import AppSettings
from inkcre.sections.extensions import ExtensionsSettings
from inkcre.sections.settings import Settings
from inkcre.sections.workers import WorkersSettings
from inkcre.settings.section import Section

PLAIN = {"use_attribute_docstrings": False}
"""Of a model that is made here: there is no source to look for docstrings in, and looking for it
takes longer than all the rest."""

RESERVED = ("profiles", "extends", "description", "unset", "shares")
"""What stands in settings files beside sections, or may come to."""

FieldOf = tuple[Any, Any]
"""A type, and what more there is to say of a field."""

Fields = dict[str, FieldOf]
"""What pydantic makes a model of: https://docs.pydantic.dev/latest/concepts/models/."""


def build_model(application: Application) -> type[Settings]:
    """Make the model of an application's settings.

    Raises:
        BadReference: what a part names is no section, or can be changed.
        Clash: two parts, or a part and the framework, have one table.
    """
    enabled = [(part, part.settings) for part in application.enabled if part.settings]
    tables = [
        (part, part.settings)
        for part in application.parts
        if part.settings and part not in application.enabled
    ]
    refuse_clashes(
        [
            *(("the framework", f"table [{name}]") for name in (*Settings.model_fields, *RESERVED)),
            *((part, f"table [{part.name}]") for part, _ in tables),
            *(
                ("the framework", f"table [extensions.{name}]")
                for name in ExtensionsSettings.model_fields
            ),
            *((part, f"table [extensions.{part.name}]") for part in application.enabled),
        ]
    )
    fields: Fields = {
        "app": _let_default("app", AppSettings, title=application.title),
        "workers": _let_default("workers", WorkersSettings, name=application.name),
    }
    fields |= {part.name: _make_table(part, reference) for part, reference in tables}
    if enabled:
        fields["extensions"] = _hold_tables(enabled)
    fields |= _add_kinds(application)
    model = create_model(
        "Settings",
        __base__=Settings,
        __module__=__name__,
        __cls_kwargs__=PLAIN,
        **cast("Any", fields),
    )
    model.made_of = application
    return model


def _let_default(section: str, model: type[Section], **defaults: str) -> FieldOf:
    """Return a section whose defaults are the application's own."""
    fields = {}
    for key, default in defaults.items():
        field = copy(model.model_fields[key])
        field.default = default
        fields[key] = (field.annotation, field)
    made = create_model(
        model.__name__,
        __base__=model,
        __doc__=model.__doc__,
        __cls_kwargs__=PLAIN,
        **cast("Any", fields),
    )
    return made, Field(made(), description=Settings.model_fields[section].description)


def _make_table(part: Extension, reference: str) -> FieldOf:
    model = _load_section(reference, of=part)
    about = cleandoc(model.__doc__ or part.summary).partition("\n")[0]
    return model, _default_to(model, about)


def _default_to(model: type[Section], about: str | None) -> FieldInfo:
    """Return a field that is there without being written."""
    try:
        field = cast("FieldInfo", Field(cast("Any", model()), description=about))
    except ValidationError:
        # Something has no default: it is asked for by its own name, and not the table.
        field = Field({}, validate_default=True, description=about)
    return field


def _hold_tables(enabled: Sequence[tuple[Extension, str]]) -> FieldOf:
    """Return the section that has the tables of the parts that settings enable."""
    tables: Fields = {part.name: _make_table(part, reference) for part, reference in enabled}
    model = create_model(
        ExtensionsSettings.__name__,
        __base__=ExtensionsSettings,
        __doc__=ExtensionsSettings.__doc__,
        __cls_kwargs__=PLAIN,
        **cast("Any", tables),
    )
    return model, _default_to(model, Settings.model_fields["extensions"].description)


def _load_section(reference: str, *, of: object) -> type[Section]:
    model = load_reference(reference, type, of=of)
    if not issubclass(model, Section):
        raise BadReference(f"{of}: {reference}: is no Section")
    if not model.model_config.get("frozen") or model.model_config.get("extra") != "forbid":
        raise BadReference(
            f"{of}: {reference}: can be changed, or takes any key",
            hint="leave frozen and extra as Section has them",
        )
    return model


def _add_kinds(application: Application) -> Fields:
    """Return the sections that have a further ``kind``, by port."""
    added: dict[str, list[type[Section]]] = {}
    for part in application.parts:
        for port, kinds in part.adapters.items():
            known = Settings.model_fields.get(port)
            if known is None or known.discriminator != "kind":
                raise BadReference(f"{part}: adapters: there is no port {port}")
            for kind, adapter in kinds.items():
                model = _load_section(adapter.settings, of=part)
                _require_kind(model, port, kind, known, of=part)
                added.setdefault(port, []).append(model)
    return {port: _widen(Settings.model_fields[port], models) for port, models in added.items()}


def _require_kind(
    model: type[Section], port: str, kind: str, known: FieldInfo, *, of: object
) -> None:
    """Raise unless a section has its ``kind`` as its tag, and no other section has it."""
    tag = model.model_fields.get("kind")
    if tag is None or tag.default != kind:
        raise BadReference(f'{of}: {port}: {model.__name__} has no kind = "{kind}"')
    for other in getattr(known.annotation, "__args__", ()):
        if other.model_fields["kind"].default == kind:
            refuse_clashes([("the framework", f"{port}.kind {kind}"), (of, f"{port}.kind {kind}")])


def _widen(known: FieldInfo, models: list[type[Section]]) -> FieldOf:
    union: Any = known.annotation
    for model in models:
        union = union | model
    return (
        Annotated[union, Field(discriminator="kind")],
        Field(known.default, description=known.description),
    )
