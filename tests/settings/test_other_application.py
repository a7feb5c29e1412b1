"""The settings of another application: the same engine with other names and another model."""

from pathlib import Path

import pytest

from inkcre.application import Application
from inkcre.core import INKCRE
from inkcre.extension import Extension
from inkcre.sections.schema import schema_of
from inkcre.settings.edits import set_settings
from inkcre.settings.explanations import Explanation, explain_key
from inkcre.settings.loader import inspect_settings, load_settings
from inkcre.settings.profiles import package_profiles
from inkcre.settings.report import SettingsError
from inkcre.settings.section import Section
from inkcre.settings.templates import write_new_config
from tests.settings.cases import lay_out
from tests.settings.test_broken import CASES, read_case


class OthersSettings(Section):
    """What only the other application has."""

    days: int = 30
    """How many days something lives."""


OTHERS = Extension(
    name="others",
    summary="What only the other application has",
    settings="tests.settings.test_other_application:OthersSettings",
)
OTHER = schema_of(
    Application(
        name="others",
        title="Others",
        prefix="OTHERS_",  # as long as ours, so that every caret stands where it stood
        filename="others.toml",
        extensions=(*INKCRE.extensions, OTHERS),
        aliases=INKCRE.aliases,
        switches=INKCRE.switches,
    )
)


def in_other_words(text: str) -> str:
    """Return a case's text as the other application would have it."""
    words = {"INKCRE_": "OTHERS_", "inkcre_": "others_", "inkcre.toml": "others.toml"}
    words |= {"`inkcre ": "`others ", ", core, sources": ", core, sources, others"}
    for ours, theirs in words.items():
        text = text.replace(ours, theirs)
    return text


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_broken_settings_earn_the_same_report_in_other_words(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each case of the corpus, with another prefix, file name and model."""
    monkeypatch.chdir(tmp_path)
    parts = {in_other_words(name): in_other_words(text) for name, text in read_case(path).items()}
    expected = parts.pop("expected")
    case = lay_out(parts, tmp_path)
    with pytest.raises(SettingsError) as caught:
        load_settings(OTHER, environ=case.environ, **{"folder": Path.cwd(), **case.arguments})
    report = str(caught.value).replace(str(package_profiles()), "<package>")
    assert report.replace(str(tmp_path), "<folder>") + "\n" == expected


def test_files_are_written_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file, a change of it, and the schemas that editors go by."""
    monkeypatch.chdir(tmp_path)
    written = {str(path.relative_to(tmp_path)) for path in write_new_config(OTHER, tmp_path)}
    assert written == {"others.toml", ".others/others.schema.json", ".others/profile.schema.json"}
    text = (tmp_path / "others.toml").read_text()
    assert text.startswith("#:schema .others/others.schema.json\n# Settings of Others.")
    assert "# [others]\n# days = 30  # How many days something lives." in text
    assert not [word for word in ("inkcre.toml", "INKCRE_", "`inkcre ") if word in text]
    assert set_settings(OTHER, {"others.days": "7"}).path == tmp_path / "others.toml"
    loaded = load_settings(OTHER, environ={}, folder=tmp_path)
    assert loaded.section(OthersSettings).days == 7
    assert loaded.origins.of(("others", "days")).describe().startswith("others.toml:")


def test_setting_of_its_own_is_explained(tmp_path: Path) -> None:
    """With its own variable, which sets it; ours sets nothing there."""
    environ = {"OTHERS_OTHERS__DAYS": "5", "INKCRE_HTTP__PORT": "1"}
    found = inspect_settings(OTHER, environ=environ, folder=tmp_path)
    explained = explain_key("others.days", found)
    assert isinstance(explained, Explanation)
    assert explained.variables == ("OTHERS_OTHERS__DAYS",)
    assert found.settings is not None
    assert (found.settings.section(OthersSettings).days, found.settings.http.port) == (5, 8000)
