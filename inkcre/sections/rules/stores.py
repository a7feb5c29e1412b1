"""What is wrong with how a store of files is named."""

from collections.abc import Iterator

from inkcre.sections.rules.findings import Finding, Subject
from inkcre.settings.leaves import effective_value


def find_half_a_key(subject: Subject) -> Iterator[Finding]:
    """Find an access key of which only one half is set."""
    if subject.values.get("storage.kind") != "s3":
        return
    halves = [("storage", "access_key_id"), ("storage", "secret_access_key")]
    given = [path for path in halves if path in subject.found.origins.winners]
    if len(given) == 1:
        (missing,) = [path for path in halves if path not in given]
        yield Finding(
            missing,
            f"is not set, but {'.'.join(given[0])} is",
            f"set {subject.found.schema.variable_name(missing)}",
        )


def find_no_region(subject: Subject) -> Iterator[Finding]:
    """Find a bucket of Amazon's, which has no other address, without its region."""
    values = subject.values
    if values.get("storage.kind") != "s3" or values.get("storage.endpoint"):
        return
    if effective_value(subject.found.origins, ("storage", "region")) in (None, "auto"):
        yield Finding(
            ("storage", "region"),
            "is not set, and Amazon needs one",
            "set storage.region, or storage.endpoint for another store",
        )
