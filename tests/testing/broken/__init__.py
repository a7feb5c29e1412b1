"""Extensions each of which breaks one promise, and no other unless it cannot be otherwise.

Each has nothing but what is broken in it. Their names say what that is.
"""

from inkcre.framework import Adapter, Extension

HERE = "tests.testing.broken"
PARTS = f"{HERE}.parts"
TABLES = f"{HERE}.tables"

LOUD_IN = ("file", "clock", "now", "dice", "id", "socket", "process")
"""What each of the modules does that are called so."""

NOWHERE = Extension(
    "broken",
    "No such module, and one that cannot be imported",
    routers=(f"{HERE}.nowhere:router", f"{HERE}.raising:router"),
)
NAMELESS = Extension("broken", "No such attribute", jobs=(f"{PARTS}:JOBS",))
WRONG_SETTINGS = Extension("broken", "Of another sort", settings=f"{PARTS}:NUMBER")
WRONG_RULE = Extension("broken", "Of another sort", rules=(f"{PARTS}:NUMBER",))
WRONG_ROUTER = Extension("broken", "Of another sort", routers=(f"{PARTS}:NUMBER",))
WRONG_MODEL = Extension("broken", "Of another sort", models=(f"{PARTS}:NUMBER",))
WRONG_JOB = Extension("broken", "Of another sort", jobs=(f"{PARTS}:NUMBER",))
WRONG_SCHEDULE = Extension("broken", "Of another sort", schedules=(f"{PARTS}:NUMBER",))
WRONG_TYPE = Extension("broken", "Of another sort", source_types={"broken": f"{PARTS}:NUMBER"})
WRONG_RESOLVER = Extension("broken", "Of another sort", resolvers=(f"{PARTS}:NUMBER",))
WRONG_COMMAND = Extension("broken", "Of another sort", commands={"broken": f"{PARTS}:NUMBER"})
WRONG_PROBE = Extension("broken", "Of another sort", probes={"broken": f"{PARTS}:NUMBER"})
WRONG_CUSTODY = Extension("broken", "Of another sort", custody=f"{PARTS}:NUMBER")
WRONG_NEED = Extension("broken", "Of another sort", needs=(f"{PARTS}:NUMBER",))
WRONG_MIGRATIONS = Extension("broken", "Of another sort", migrations=f"{PARTS}:NUMBER")
WRONG_PORT = Extension(
    "broken", "No such port", adapters={"mail": {"x": Adapter(f"{PARTS}:Section", f"{PARTS}:Open")}}
)
WRONG_ADAPTER = Extension(
    "broken",
    "Of another sort",
    adapters={"storage": {"x": Adapter(f"{PARTS}:Answer", f"{PARTS}:Open")}},
)
WRONG_PROVIDER = Extension(
    "broken",
    "Of another sort",
    adapters={"storage": {"x": Adapter(f"{PARTS}:Section", f"{PARTS}:NUMBER")}},
)
WRONG_MODULE = Extension("broken", "No such module", process_only=(f"{PARTS}:NUMBER",))

LOUD = Extension(
    "broken",
    "Does something when it is imported",
    models=tuple(f"{HERE}.loud_{what}:Loud" for what in LOUD_IN),
)

THAWED = Extension("broken", "Can be changed", settings=f"{PARTS}:Thawed")
OPEN = Extension("broken", "Takes any key", settings=f"{PARTS}:Open")
UNTOLD = Extension("broken", "Without a docstring", settings=f"{PARTS}:Untold")
UNDESCRIBED = Extension("broken", "Not described", settings=f"{PARTS}:Undescribed")
UNEXEMPLIFIED = Extension("broken", "No example", settings=f"{PARTS}:Unexemplified")
CARELESS = Extension("broken", "Any text is a secret", settings=f"{PARTS}:Careless")
SHOWN = Extension("broken", "Shows a secret", settings=f"{PARTS}:Shown")

STRAY_JOB = Extension("broken", "Not its own", jobs=(f"{PARTS}:STRAY",))
STRAY_COMMAND = Extension("broken", "Not its own", commands={"brokenly": f"{PARTS}:said"})
STRAY_PROBE = Extension("broken", "Not its own", probes={"weather": f"{PARTS}:said"})
STRAY_ROUTE = Extension("broken", "Not its own", routers=(f"{PARTS}:stray",))
SHADOW = Extension("broken", "Hides ours", routers=(f"{PARTS}:shadow",))
TAKEN_PATH = Extension("blocks", "Where ours answers", routers=(f"{PARTS}:shadow",))
STRAY_TABLE = Extension("broken", "Not its own", migrations=f"{TABLES}:STRAY")
STRAY_VERSIONS = Extension("broken", "Not its own", migrations=f"{TABLES}:STRAY_VERSIONS")
TAKEN_TYPE = Extension("broken", "Ours", source_types={"rss": f"{PARTS}:TakenSource"})
TAKEN_RESOLVER = Extension("broken", "Ours", resolvers=(f"{PARTS}:TAKEN",))
TAKEN_NAME = Extension("core", "Ours")

UNLIKE = Extension("broken", "Makes other tables", migrations=f"{TABLES}:UNLIKE")
UNNAMED = Extension("broken", "Names a key otherwise", migrations=f"{TABLES}:UNNAMED")
SURPLUS = Extension("broken", "Makes one more", migrations=f"{TABLES}:SURPLUS")
ENDLESS = Extension("broken", "Ends elsewhere", migrations=f"{TABLES}:ENDLESS")
NOT_ON_SQLITE = Extension("broken", "Not on SQLite", migrations=f"{TABLES}:NOT_ON_SQLITE")
NOT_ON_POSTGRES = Extension("broken", "Not on PostgreSQL", migrations=f"{TABLES}:NOT_ON_POSTGRES")
NOT_ON_D1 = Extension("broken", "Not as text", migrations=f"{TABLES}:NOT_ON_D1")

SILENT = Extension("broken", "Says not what it answers", routers=(f"{PARTS}:silent",))
CAREFREE = Extension("broken", "Knows no problems", routers=(f"{PARTS}:carefree",))
MISTOLD = Extension("broken", "Tells FastAPI's problems", routers=(f"{PARTS}:mistold",))

MISNAMED = Extension("broken", "Named twice", source_types={"broken": f"{PARTS}:MisnamedSource"})
UNSAID = Extension("broken", "Not described", source_types={"broken": f"{PARTS}:UnsaidSource"})
LAX = Extension("broken", "Takes any key", source_types={"broken": f"{PARTS}:LaxSource"})

LACKING = Extension(
    "broken",
    "Has threads, which a module has that it imports, and needs C",
    models=(f"{HERE}.deeply:Threaded", f"{HERE}.compiled:Compiled"),
)

MISPLACED = Extension(
    "broken",
    "Imports what it says that processes only import",
    models=(f"{HERE}.deeply:Threaded",),
    process_only=(f"{HERE}.threaded",),
)

IDLE = Extension("broken", "Schedules nobody's", schedules=(f"{PARTS}:IDLE",))
QUARRELSOME = Extension(
    "broken",
    "Forbids what it has by itself",
    settings=f"{PARTS}:QuarrelsomeSettings",
    rules=(f"{PARTS}:NO_QUARREL",),
)
UNLENT = Extension("broken", "Asks for another's", routers=(f"{PARTS}:unlent",))
UNMET = Extension("broken", "Needs too much", needs=(f"{PARTS}:TOO_MUCH",))

TWICE = Extension("broken", "Never the same", source_types={"broken": f"{PARTS}:RestlessSource"})
FORGETFUL = Extension("broken", "Once only", source_types={"broken": f"{PARTS}:ForgetfulSource"})
HASTY = Extension("broken", "Looks at the first", source_types={"broken": f"{PARTS}:HastySource"})
LOSSY = Extension("broken", "Loses its state", source_types={"broken": f"{PARTS}:LossySource"})
BOLD = Extension("broken", "Goes on anyway", source_types={"broken": f"{PARTS}:BoldSource"})
