"""The rule about types of sources: what can be said of one before it collects anything."""

from collections.abc import Iterator

from inkcre.testing.extension.candidate import Candidate, is_model
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule


def find_bad_types(candidate: Candidate) -> Iterator[Breach]:
    """Yield what of a type of sources is not as the record, or its users, want it."""
    for named, kind in candidate.found("source_types"):
        place = str(named)
        called = getattr(kind, "name", None)
        if called != named.name:
            yield Breach(place, f"calls itself {called}", f'write name = "{named.name}"')
        if not kind.__doc__:
            step = 'write one: """Give the weather of a city."""'
            yield Breach(place, "has no docstring, which people read who choose a type", step)
        config = getattr(kind, "config_model", None)
        if not is_model(config):
            yield Breach(place, "has no config_model", "name a class made of SourceConfig")
        elif getattr(config, "model_config", {}).get("extra") != "forbid":
            fact = "its config_model takes any key, so that a misspelt one is not told"
            yield Breach(place, fact, "make it of SourceConfig")


TYPES = ExtensionRule(
    "source-types", "each type of sources is called as the record says, and refuses unknown keys",
    find_bad_types,
    after=(REFERENCES,),
)  # fmt: skip
