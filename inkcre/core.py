"""What the information base is: a part like any other, on what the framework brings."""

from inkcre.application import Alias, Application
from inkcre.extension import Extension

CORE = Extension(
    name="core",
    summary="An information base: blocks, relations, and ways to find them",
    settings="inkcre.graph.settings:CoreSettings",
    routers=(
        "inkcre.api.blocks:router",
        "inkcre.api.files:uploads",
        "inkcre.api.files:router",
        "inkcre.api.relations:router",
        "inkcre.api.graphs:router",
    ),
    models=("inkcre.api.graphs:Star", "inkcre.api.graphs:FlatGraph"),
    jobs=("inkcre.graph.files.sweep_job:SWEEP_FILES",),
    schedules=("inkcre.graph.files.sweep_job:DAILY",),
    resolvers=(
        "inkcre.graph.resolvers:TEXT",
        "inkcre.graph.resolvers:WEBPAGE",
        "inkcre.graph.resolvers:IMAGE",
        "inkcre.graph.resolvers:VIDEO",
        "inkcre.graph.resolvers:FILE",
    ),
    commands={
        "import": "inkcre.commands.data:import_",
        "export": "inkcre.commands.data:export",
        "changes": "inkcre.commands.changes:list_",
        "undo": "inkcre.commands.changes:undo",
        "backup": "inkcre.commands.backups:backup",
        "restore": "inkcre.commands.backups:restore",
        "files": "inkcre.commands.files:app",
        "storage": "inkcre.commands.storage:app",
        "data": "inkcre.commands.copies:app",
    },
    probes={"files": "inkcre.graph.files.probes:examine_files"},
    custody="inkcre.graph.files.custody:CUSTODY",
    migrations="inkcre.graph.lines:BASE",
)

SOURCES = Extension(
    name="sources",
    summary="Where things are collected from, by themselves or by hand",
    settings="inkcre.sources.settings:SourcesSettings",
    rules=("inkcre.sources.settings:NO_FOLDERS",),
    routers=("inkcre.api.sources:router", "inkcre.api.items:router"),
    models=("inkcre.api.source_shapes:ItemsForm",),
    jobs=("inkcre.sources.collect:COLLECT", "inkcre.sources.organize:ORGANIZE"),
    source_types={
        "rss": "inkcre.sources.types.rss:RssSource",
        "webpage": "inkcre.sources.types.webpage:WebpageSource",
        "inbox": "inkcre.sources.types.inbox:InboxSource",
    },
    process_only=("inkcre.sources.pages.heavy",),
    commands={"sources": "inkcre.commands.sources:app"},
    probes={"sources": "inkcre.sources.probes:examine_sources"},
)

FOLDERS = Extension(
    name="folders",
    summary="Sources that read a folder of this machine",
    source_types={"folder": "inkcre.sources.types.folder:FolderSource"},
    targets=("process",),
)

INKCRE = Application(
    name="inkcre",
    prefix="INKCRE_",
    filename="inkcre.toml",
    extensions=(CORE, SOURCES, FOLDERS),
    title="InKCre Core",
    summary="An information base: blocks, relations, and ways to find them.",
    # The former version's variables; it spoke to PostgreSQL only.
    aliases={"DB_CONN_STRING": Alias("database.url", {"database.kind": "postgres"})},
    switches={"CF_WORKER": "workers"},
)
