"""What the information base brings to the framework."""

from inkcre.graph.files.sweep_job import SWEEP_FILES
from inkcre.infobase.collecting import COLLECT, ORGANIZE
from inkcre.jobs.cleanup import SWEEP
from inkcre.jobs.kinds import Kinds

KINDS = Kinds.of(COLLECT, ORGANIZE, SWEEP, SWEEP_FILES)
"""What every base can do."""
