"""An extension that has one of each sort, and keeps every promise of one."""

from inkcre.framework import Adapter, Extension

HERE = "tests.testing.sample"

SAMPLE = Extension(
    name="sample",
    summary="One of each sort",
    settings=f"{HERE}.settings:SampleSettings",
    rules=(f"{HERE}.settings:QUIET",),
    routers=(f"{HERE}.routes:router",),
    models=(f"{HERE}.routes:Described",),
    jobs=(f"{HERE}.jobs:COUNT",),
    schedules=(f"{HERE}.jobs:HOURLY",),
    source_types={"sample": f"{HERE}.sources:SampleSource"},
    resolvers=(f"{HERE}.sources:SAMPLE",),
    adapters={
        "keyvalue": {
            "sample-shelf": Adapter(f"{HERE}.settings:ShelfSettings", f"{HERE}.shelf:SampleShelf")
        }
    },
    commands={"sample": f"{HERE}.commands:app", "sample-count": f"{HERE}.commands:count"},
    probes={"sample": f"{HERE}.jobs:probe"},
    needs=(f"{HERE}.jobs:NEEDS",),
    process_only=(f"{HERE}.heavy",),
    migrations=f"{HERE}.tables:MIGRATIONS",
)
