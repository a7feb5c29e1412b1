"""What is allowed in settings and yet probably a mistake: one function finds one such thing.

None raises, opens anything, or needs the settings to be valid.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inkcre.sections.rules.constraints import TRUE_WORDS
from inkcre.sections.settings import Settings
from inkcre.settings import editor_schemas
from inkcre.settings.diagnostics import Level
from inkcre.settings.leaves import effective_value
from inkcre.settings.loader import Inspection
from inkcre.settings.masks import mask_forms
from inkcre.settings.nodes import KeyPath
from inkcre.settings.origins import SecretFileOrigin, TomlOrigin
from inkcre.settings.profiles import package_profiles

BINDINGS: dict[KeyPath, str] = {
    ("database", "hyperdrive"): "hyperdrive",
    ("database", "d1"): "d1",
    ("storage", "r2"): "r2",
    ("keyvalue", "kv"): "kv",
}
"""The type of binding that a kind of component asks for."""

# Without its cache, in which a writer would not find for a minute what it has just written:
# https://developers.cloudflare.com/hyperdrive/concepts/query-caching/
CREATE = {
    "hyperdrive": (
        "npx wrangler hyperdrive create {name} --caching-disabled --connection-string=…"
    ),
    "d1": "npx wrangler d1 create {worker}",
    "kv": "npx wrangler kv namespace create {name}",
}
"""The command that makes a resource and tells its id.

https://developers.cloudflare.com/workers/wrangler/commands/
"""


@dataclass(frozen=True)
class Facts:
    """What the settings cannot say."""

    is_deploying: bool = False
    connection_limit: int | None = None
    """Connections that the database takes; None when it could not be asked."""


@dataclass(frozen=True)
class Finding:
    """What a check found: a sentence about a setting, and what to do."""

    path: KeyPath
    message: str
    hint: str
    also: tuple[KeyPath, ...] = ()
    """Further settings that the finding follows from."""

    level: Level | None = None
    """Stronger or weaker than the check usually is."""


@dataclass(frozen=True)
class Subject:
    """What a check looks at: an inspection, its values by dotted key, and the facts."""

    found: Inspection[Settings]
    facts: Facts
    values: Mapping[str, object]

    def is_true(self, key: str) -> bool:
        """Whether a setting is on, also as the word of a variable that is not typed yet."""
        return str(self.values.get(key)).lower() in TRUE_WORDS

    def list(self, key: str) -> Sequence[object]:
        """Return a list; nothing when the setting is none, as it may be when it is wrong."""
        value = self.values.get(key)
        return value if isinstance(value, (list, tuple)) else ()

    def count(self, key: str) -> int | None:
        """Return a whole number; None when the setting is none, as it may be when it is wrong."""
        return _count(self.values.get(key))

    @property
    def replicas(self) -> int:
        """How many processes there will be: as the settings say, or as uvicorn's variable does."""
        concurrency = _count(self.found.environ.get("WEB_CONCURRENCY"))
        return max(self.count("app.replicas") or 1, concurrency or 1)


def _count(value: object) -> int | None:
    """Read a number of things: digits, and not so many that no number is meant."""
    if isinstance(value, str):
        return int(value) if len(value) < 10 and value.isdecimal() else None
    return value if isinstance(value, int) and 0 <= value < 10**9 else None


def _path(key: str) -> KeyPath:
    return tuple(key.split("."))


def find_written_secrets(subject: Subject) -> Iterator[Finding]:
    """Find secrets that stand in a TOML file."""
    for path, definition in subject.found.origins.winners.items():
        node = subject.found.schema.root.find(path)
        if node and node.is_secret and isinstance(definition.origin, TomlOrigin):
            yield Finding(
                path,
                "a secret is written in a file",
                f"set {subject.found.schema.variable_name(path)} or its _FILE, and delete the line",
                level="error" if subject.facts.is_deploying else None,
            )


def find_shown_secrets(subject: Subject) -> Iterator[Finding]:
    """Find what has the form of a secret at settings that are none."""
    for leaf in subject.found.leaves():
        shown = "" if leaf.node.is_secret else str(leaf.value)
        if mask_forms(shown) != shown:
            yield Finding(
                leaf.path,
                "has what looks like a secret, and may be shown to anybody",
                "take it out; what is a secret has a setting of its own",
                level="error" if subject.facts.is_deploying else None,
            )


def find_former_variable(subject: Subject) -> Iterator[Finding]:
    """Find the former version's name of a variable."""
    origin = subject.found.origins.of(_path("database.url"))
    name = getattr(origin, "name", "")
    if isinstance(origin, SecretFileOrigin) and origin.variable is None:
        name = origin.path.name
    if name.upper() in subject.found.schema.aliases:
        yield Finding(
            _path("database.url"),
            f"comes from {name.upper()}, the name that the former version used",
            f"rename the variable to {subject.found.schema.variable_name(_path('database.url'))}",
        )


def find_stale_schemas(subject: Subject) -> Iterator[Finding]:
    """Find copies of the editors' schemas that are not this version's."""
    schema = subject.found.schema
    folder = editor_schemas.copy_folder(schema)
    if not (subject.found.folder / folder).is_dir():
        return  # to render them takes longer than all other checks
    rendered = editor_schemas.render_schemas(subject.found.file_schema())
    for name, text in sorted(rendered.items()):
        copy = subject.found.folder / folder / name
        try:
            is_stale = copy.is_file() and copy.read_bytes() != text
        except OSError:
            continue  # an editor cannot read it either
        if is_stale:
            yield Finding(
                (f"{folder}/{name}",),
                "is the schema of another version, and editors go by it",
                "run `inkcre config schema --write`",
            )


def find_open_cors(subject: Subject) -> Iterator[Finding]:
    """Find CORS that is open to every origin."""
    if "*" in subject.list("http.cors.allow_origins"):
        yield Finding(
            _path("http.cors.allow_origins"),
            '"*" lets any web page read the base through its visitors',
            "name the origins",
        )


def find_docs(subject: Subject) -> Iterator[Finding]:
    """Find documentation that is open to everybody."""
    if subject.is_true("app.docs"):
        yield Finding(
            _path("app.docs"),
            "the interactive documentation is open to everybody",
            "write docs = false, or silence this check",
        )


def find_debugging(subject: Subject) -> Iterator[Finding]:
    """Find a log of every request."""
    if subject.values.get("logging.level") == "debug":
        yield Finding(_path("logging.level"), "every request is logged", 'write level = "info"')


def find_shared_sqlite(subject: Subject) -> Iterator[Finding]:
    """Find an SQLite file under more than one process."""
    if subject.values.get("database.kind") == "sqlite" and subject.replicas > 1:
        yield Finding(
            _path("database.kind"),
            f"an SQLite file serves one process, not {subject.replicas}",
            'write kind = "postgres", or run one process',
            also=(_path("app.replicas"),),
        )


def find_local_files(subject: Subject) -> Iterator[Finding]:
    """Find files in a local folder of each replica."""
    hint = 'write kind = "s3", or silence this check when the folder is shared'
    yield from _find_unshared(subject, "storage", "filesystem", "a folder", hint)


def find_local_values(subject: Subject) -> Iterator[Finding]:
    """Find values in the memory of each replica."""
    yield from _find_unshared(subject, "keyvalue", "memory", "values", 'write kind = "database"')


def _find_unshared(
    subject: Subject, port: str, kind: str, what: str, hint: str
) -> Iterator[Finding]:
    if subject.values.get(f"{port}.kind") == kind and subject.replicas > 1:
        message = f"each of {subject.replicas} replicas has {what} of its own"
        yield Finding((port, "kind"), message, hint, also=(_path("app.replicas"),))


def _named_bindings(subject: Subject) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield the setting that names a binding, the name, and the type that it must be of."""
    for (port, kind), type_ in BINDINGS.items():
        if subject.values.get(f"{port}.kind") == kind:
            path = (port, "binding")
            yield path, str(effective_value(subject.found.origins, path)), type_


def find_undefined_bindings(subject: Subject) -> Iterator[Finding]:
    """Find bindings that a component names and nothing defines."""
    for path, name, type_ in _named_bindings(subject):
        if effective_value(subject.found.origins, ("bindings", name, "type")) is None:
            yield Finding(
                path,
                f"names {name}, and there is no table [bindings.{name}]",
                f'add [bindings.{name}] with type = "{type_}"',
            )


def find_unused_bindings(subject: Subject) -> Iterator[Finding]:
    """Find bindings that are defined and that no component names."""
    named = {name for _, name, _ in _named_bindings(subject)}
    for path, definition in subject.found.origins.winners.items():
        is_type = len(path) == 3 and path[0] == "bindings" and path[2] == "type"
        # Those of a profile that comes with the package are there for other choices.
        document = getattr(definition.origin, "document", None)
        is_theirs = document is None or package_profiles() not in document.path.parents
        if is_type and is_theirs and path[1] not in named:
            yield Finding(
                path,
                "no component names this binding",
                f"remove [bindings.{path[1]}], or silence this check when an extension uses it",
            )


def find_mistyped_bindings(subject: Subject) -> Iterator[Finding]:
    """Find bindings of another type than their component asks for."""
    for path, name, wanted in _named_bindings(subject):
        type_path = ("bindings", name, "type")
        given = effective_value(subject.found.origins, type_path)
        if given not in (None, wanted):
            yield Finding(
                path,
                f'names {name}, which is of type "{given}" and not "{wanted}"',
                f'name a binding of type "{wanted}"',
                also=(type_path,),
            )


def find_uncreated_bindings(subject: Subject) -> Iterator[Finding]:
    """Find resources that have no id yet."""
    if subject.values.get("target") != "workers":
        return
    named = {name for _, name, _ in _named_bindings(subject)}
    for path, definition in subject.found.origins.winners.items():
        is_type = len(path) == 3 and path[0] == "bindings" and path[2] == "type"
        create = CREATE.get(str(definition.value)) if is_type else None
        id_path = (*path[:2], "id")
        if create and path[1] in named and id_path not in subject.found.origins.winners:
            worker = subject.values.get("workers.name")
            command = create.format(name=path[1], worker=worker)
            write = f"inkcre config set {'.'.join(id_path)} ID -p {subject.found.profile}"
            yield Finding(
                id_path,
                "is not set: the resource has not been created yet",
                f"run `{command}`, then `{write}`",
                also=(path,),
            )


def find_large_pool(subject: Subject) -> Iterator[Finding]:
    """Find more connections than the database takes."""
    keys = [f"database.pool.{key}" for key in ("size", "overflow")]
    counts: list[int | None] = [subject.count(key) for key in keys]
    hint = "lower size and overflow, or raise the database's limit"
    if subject.values.get("database.pool.kind") == "static":
        keys, counts = ["database.pool.kind"], [1]
        hint = "run fewer replicas, or raise the database's limit"
    limit = subject.facts.connection_limit
    if limit is None or None in counts:
        return
    wanted = sum(count or 0 for count in counts) * subject.replicas
    if wanted > limit:
        yield Finding(
            _path(keys[0]),
            f"{subject.replicas} replicas may open {wanted} connections, "
            f"and the database takes {limit}",
            hint,
            also=(*map(_path, keys[1:]), _path("app.replicas")),
        )


def find_missing_secrets(subject: Subject) -> Iterator[Finding]:
    """Find secrets that the target needs and nothing gives."""
    for leaf in subject.found.leaves():
        is_needed = leaf.node.is_secret and leaf.node.info and leaf.node.info.is_required()
        if is_needed and not leaf.is_set:
            name = subject.found.schema.variable_name(leaf.path)
            is_edge = subject.values.get("target") == "workers"
            command = f"npx wrangler secret put {name}" if is_edge else f"export {name}=…"
            yield Finding(
                leaf.path, "the target needs this secret and nothing gives it", f"run `{command}`"
            )


def find_laptop(subject: Subject) -> Iterator[Finding]:
    """Find the laptop's profile where something else is meant."""
    if subject.found.profile == "dev":
        yield Finding(
            ("profile",),
            "dev is for a laptop",
            "choose another, for example INKCRE_PROFILE=server",
        )
