"""The readable part of a page, found by trafilatura: https://trafilatura.readthedocs.io/."""

from configparser import ConfigParser

from trafilatura import bare_extraction
from trafilatura.settings import use_config

from inkcre.sources.pages.page import ReadPage

MIN_CHARACTERS = 25
"""A page of fewer is taken to have no text; trafilatura's own limit leaves out short pages."""


MAX_CHARACTERS = 500_000
"""With larger pages trafilatura may take the square of the time: a megabyte of "<p>" took 17 s."""


def _make_config() -> ConfigParser:
    config = use_config()
    for name in ("MIN_EXTRACTED_SIZE", "MIN_OUTPUT_SIZE"):
        config["DEFAULT"][name] = str(MIN_CHARACTERS)
    return config


CONFIG = _make_config()


def read_page_heavily(html: str, *, url: str) -> ReadPage:
    """Read a page; its text is empty when none was found."""
    found = bare_extraction(
        html, url=url, with_metadata=True, include_comments=False, favor_precision=True,
        config=CONFIG,
    )  # fmt: skip
    if found is None:
        return ReadPage("")
    said = found.as_dict() if hasattr(found, "as_dict") else found
    return ReadPage(
        text=(said.get("text") or "").strip(),
        title=said.get("title"),
        byline=said.get("author"),
        date=said.get("date"),
    )
