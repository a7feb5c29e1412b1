"""What the doctor asks about sources: whether what they import when they collect is there."""

from importlib import import_module

from inkcre.errors import NotInstalled, NotTried, Unsupported
from inkcre.packages import explain_import
from inkcre.sections.settings import Settings
from inkcre.sources.registry import find_source_types


def examine_sources(settings: Settings) -> str:
    """Import what sources import when they collect: an installation may lack a part of it.

    Raises:
        NotInstalled: it does; all that is missing is named.
        NotTried: they collect elsewhere.
    """
    if settings.target == "workers":
        raise NotTried("they collect on Cloudflare")
    types, usable = find_source_types(settings), []
    missing: dict[str, NotInstalled] = {}
    for name in types.names():
        try:
            for module in types.load(name).imports:
                _import(module, by=f'source type "{name}"')
            usable.append(name)
        except NotInstalled as error:
            missing.setdefault(error.message.partition(": ")[2], error)
        except Unsupported:  # a folder, while no folder may be read
            continue
    if missing:
        said = "; ".join(error.message for error in missing.values())
        raise NotInstalled(said, hint=next(iter(missing.values())).hint)
    return f"{', '.join(usable)}: all that they import is there"


def _import(module: str, *, by: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise explain_import(error, by=by) from error
