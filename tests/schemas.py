"""InKCre's own schema, for the tests of settings."""

from inkcre.core import INKCRE
from inkcre.sections.schema import schema_of

SCHEMA = schema_of(INKCRE)
