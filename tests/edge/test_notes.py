"""The page of Pyodide's traps: its programs do what it says, in Node and on workerd."""

import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.conftest import ROOT
from tests.edge import homes
from tests.edge.workerd.runtime import Workerd, WorkerdOptions

PAGE = (ROOT / "docs" / "pyodide-notes.md").read_text()
PROGRAMS = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
RESULT = re.compile(r"^# (Node|workerd): (.+)$", re.MULTILINE)
RESULTS = {name: dict(RESULT.findall(program)) for name, program in PROGRAMS.items()}
"""What a program gives in each runtime, where it ends in that."""

SURVIVED = [name for name, results in RESULTS.items() if results]

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return where each runtime takes programs; both serve the artifact, and outlive what is run."""
    folder = tmp_path_factory.mktemp("workerd")
    with Workerd(WorkerdOptions(homes.options_of("edge-d1").artifact, folder)) as workerd:
        yield {
            "Node": f"{homes.base_url('edge-d1')}/__harness/run",
            "workerd": f"{workerd.url}/__probe",
        }


@pytest.mark.parametrize("runtime", ["Node", "workerd"])
@pytest.mark.parametrize("name", SURVIVED)
def test_program_gives_what_the_page_says(
    addresses: dict[str, str], name: str, runtime: str
) -> None:
    """Its value as JSON, or the end of its error."""
    answer = httpx.post(addresses[runtime], content=PROGRAMS[name], timeout=60)
    if answer.status_code == 200:
        assert answer.text == RESULTS[name][runtime]
    else:
        assert RESULTS[name][runtime] in answer.text


def test_page_has_the_results_that_are_run() -> None:
    """Were they not found, nothing would be tried."""
    assert {"timers", "buffers", "settimeout"} <= set(SURVIVED)
    assert all(RESULTS[name].keys() == {"Node", "workerd"} for name in SURVIVED)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_is_python(name: str) -> None:
    """Also those that would end what runs them; ``await`` at the top is Pyodide's way."""
    body = "".join(f"    {line}\n" for line in PROGRAMS[name].splitlines())
    compile(f"async def program():\n{body}", name, "exec")
