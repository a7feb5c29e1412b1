"""What the sample collects: the lines of a page, each once."""

import json
from collections.abc import Iterator

from inkcre.framework import Unavailable
from inkcre.graph.resolvers import Resolver
from inkcre.graph.stars import star, text
from inkcre.sources.base import Item, Seen, SourceBase, SourceConfig, SourceState

URL = "https://words.example/list.json"


class SampleConfig(SourceConfig):
    """What a source is told."""

    url: str = URL
    """Where the words are."""


class SampleState(SourceState):
    """What it remembers."""

    count: int = 0
    """How many words there were."""


class SampleSource(SourceBase[SampleConfig, SampleState]):
    """Give the words of a page."""

    name = "sample"
    config_model = SampleConfig
    state_model = SampleState

    def words(self) -> list[str]:
        """Fetch the words."""
        page = self.context.web.fetch(self.config.url)
        if page.status != 200:
            raise Unavailable(f"{self.config.url}: answers {page.status}")
        words: list[str] = json.loads(page.content)
        return words

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield each word, which is related to its first letter."""
        words = self.words()
        for word in words:
            yield Item(word, star(text(word), [("begins with", text(word[0]))]))
        self.state = SampleState(count=len(words))


SAMPLE = Resolver("sample")
