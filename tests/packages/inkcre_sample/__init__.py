"""An installed extension that brings one of everything."""

from inkcre.framework import Adapter, Extension

PARTS = "tests.unit.sample_part"
COMMANDS = "tests.unit.sample_commands"

SAMPLE = Extension(
    name="sample",
    summary="One of each sort",
    settings=f"{PARTS}:SampleSettings",
    rules=(f"{PARTS}:QUIET",),
    routers=(f"{PARTS}:router", "inkcre_sample.words:router"),
    models=(f"{PARTS}:Described",),
    jobs=(f"{PARTS}:COUNT",),
    schedules=(f"{PARTS}:HOURLY",),
    source_types={"sample": f"{PARTS}:SampleSource"},
    resolvers=(f"{PARTS}:SAMPLE",),
    adapters={
        "keyvalue": {"shelf": Adapter(f"{PARTS}:ShelfSettings", "inkcre_sample.shelf:Shelf")}
    },
    commands={"shout": f"{COMMANDS}:commands", "whisper": f"{COMMANDS}:whisper"},
    probes={"sample": f"{PARTS}:probe"},
    needs=(f"{PARTS}:NEEDS",),
    migrations="inkcre_sample.words:MIGRATIONS",
)
