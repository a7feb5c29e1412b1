"""What the contracts share: names, sizes, and how properties are tried."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

MANY = 2500
"""More than two pages of what any place lists at a time."""

HOSTILE_NAMES = (
    "%2e%2e", "%2F", "%00", "..%2f..", "...", " ", " a ", "a?b", "a#b", "a&b=c", "a+b", "a\\b",
    "..\\", "a:b", "a*b", 'a"b', "a'b", "a|b", "<a>", "~", "~1", "-", "--help", "$(x)", "`x`",
    "a;b", "a,b", "{}", "CON", "nul.txt", "a.", ".hidden", "a#1", "é", "e\u0301", "Å", "\u212b",
    "ﬁ", "fi",
    "ß", "SS", "ss", "İ", "i", "名", "\U0001f600", "\u202e", "\ufeff", "\u2028", "A", "a", "README",
    "readme", "Readme",
)  # fmt: skip
"""Names that are plain characters to a port, and something else to a disk, a URL or a shell."""

properties = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NAMES = st.sampled_from(["a", "A", "a/b", "a/b/c", "é", "e\u0301", "%41", "a b", "b"])
