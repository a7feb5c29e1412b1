"""What the information base brings to the framework."""

from inkcre.graph.files import claims
from inkcre.graph.files.sweep_job import SWEEP_FILES
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.kinds import Kinds
from inkcre.runtime.lifecycle import Custody
from inkcre.sources.collect import COLLECT, ORGANIZE
from inkcre.sources.registry import InstalledSourceTypes

CUSTODY = Custody(claims.look, claims.owns, claims.notice)

SOURCE_TYPES = InstalledSourceTypes
"""Makes the types of sources of settings; ``assembly`` names it in text."""

KINDS = Kinds.of(COLLECT, ORGANIZE, SWEEP, SWEEP_FILES)
"""What every base can do."""
