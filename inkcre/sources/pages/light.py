"""The readable part of a page, found with nothing but the standard library.

The idea is that of Readability (https://github.com/mozilla/readability): paragraphs vote for what
holds them, by length and commas; links and names such as "sidebar" count against it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inkcre.sources.pages.trees import RAW, Element

# These lists, the scores and the limits are Readability's, with a few more words:
# https://github.com/mozilla/readability/blob/main/Readability.js
UNLIKELY = re.compile(
    r"-ad-|ai2html|banner|breadcrumb|combx|comment|community|cover-wrap|disqus|extra|footer|gdpr|"
    r"header|legends|menu|related|remark|replies|rss|shoutbox|sidebar|skyscraper|social|sponsor|"
    r"supplemental|ad-break|agegate|pagination|pager|popup|promo|newsletter|share|cookie",
    re.IGNORECASE,
)
LIKELY = re.compile(r"and|article|body|column|content|main|mathjax|shadow|text", re.IGNORECASE)
GOOD = re.compile(
    r"article|body|content|entry|hentry|h-entry|main|page|pagination|post|text|blog|story",
    re.IGNORECASE,
)
BAD = re.compile(
    r"-ad-|hidden|banner|combx|comment|com-|contact|footer|gdpr|masthead|media|meta|outbrain|promo|"
    r"related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|widget",
    re.IGNORECASE,
)
BYLINE = re.compile(r"byline|author|dateline|writtenby|p-author", re.IGNORECASE)
ROLES = frozenset(
    ("menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog")
)
CHROME = frozenset(("nav", "aside", "footer", "form", "button", "select", "input", "textarea"))
VOTERS = frozenset(("p", "pre", "td", "h2", "h3", "h4", "h5", "h6", "section"))
INNER = frozenset(("div", "p", "blockquote", "pre", "table", "ul", "ol", "dl", "img", "article"))
"""What makes a ``div`` more than a paragraph."""

SCORES = {
    "div": 5, "pre": 3, "td": 3, "blockquote": 3, "address": -3, "ol": -3, "ul": -3, "dl": -3,
    "dd": -3, "dt": -3, "li": -3, "form": -3, "h1": -5, "h2": -5, "h3": -5, "h4": -5, "h5": -5,
    "h6": -5, "th": -5,
}  # fmt: skip
COMMAS = re.compile("[,\u060c\ufe50\u3001\uff0c]")
"""Commas, also of Arabic and Chinese text."""

SHORT = 25
"""A paragraph of fewer characters has no vote."""

ENOUGH = 500
"""With fewer characters found, a laxer look is taken."""


@dataclass(slots=True)
class Measure:
    """What is inside of an element, told once for all that ask."""

    length: int = 0
    linked: float = 0
    commas: int = 0
    has_code: bool = False
    has_header: bool = False

    @property
    def link_density(self) -> float:
        """How much of the text is links."""
        return min(1.0, self.linked / self.length) if self.length else 0


Measures = dict[Element, Measure]


def _measure(root: Element) -> Measures:
    measures: Measures = {}
    # From the ends up, each once: asked for its text anew at each level, a deep page would take the
    # square of its length.
    for element in reversed(list(root.walk())):
        here = measures[element] = Measure()
        for child in element.children:
            if isinstance(child, str):
                here.length += len(" ".join(child.split()))
                here.commas += len(COMMAS.findall(child))
                continue
            inner = measures[child]
            here.length += inner.length
            here.linked += inner.linked
            here.commas += inner.commas
            here.has_code |= inner.has_code or child.tag in ("pre", "code")
            here.has_header |= inner.has_header or child.tag == "th"
        if element.tag == "a":
            is_inside = element.attributes.get("href", "").startswith("#")
            here.linked = here.length * (0.3 if is_inside else 1)
    return measures


def find_readable(document: Element) -> Element:
    """Return the element that holds what a reader came for; the rest is taken out."""
    body = document.find("body") or document
    best = body
    best_length = -1
    measures = _measure(body)
    # Laxer from look to look, as Readability: what holds the text may have a name against it.
    for is_strict, is_wary in ((True, True), (False, True), (False, False)):
        found = _look(body, measures, is_strict=is_strict, is_wary=is_wary)
        length = len(found.text())
        if length > best_length:
            best, best_length = found, length
        if length >= ENOUGH:
            return found
    return best


def _look(body: Element, source_measures: Measures, *, is_strict: bool, is_wary: bool) -> Element:
    cleaned = _copy(body, source_measures, is_strict=is_strict)
    measures = _measure(cleaned)
    scores = _vote(cleaned, measures, is_wary=is_wary)
    if not scores:
        return cleaned
    top = max(scores, key=lambda e: scores[e] * (1 - measures[e].link_density))
    top = _climb(top, scores)
    gathered = Element("article")
    gathered.children += _gather(top, scores, measures)
    if is_wary:
        _take_out_fishy(gathered, measures)
    return gathered


def _copy(source: Element, measures: Measures, *, is_strict: bool) -> Element:
    """Copy what may be read."""
    root = Element(source.tag, source.attributes)
    stack = [(source, root)]
    while stack:
        original, copy = stack.pop()
        for child in original.children:
            if isinstance(child, str):
                copy.children.append(child)
            elif _may_be_read(child, measures[child].length, is_strict=is_strict):
                kept = Element(child.tag, child.attributes, parent=copy)
                copy.children.append(kept)
                stack.append((child, kept))
    return root


def _may_be_read(element: Element, length: int, *, is_strict: bool) -> bool:
    attributes = element.attributes
    if element.tag in RAW or element.tag in ("head", "title", "link", "meta"):
        return False
    if _is_hidden(element):
        return False
    if not is_strict:
        return element.tag not in ("button", "select", "input", "textarea")
    if element.tag in CHROME or attributes.get("role") in ROLES:
        return False
    name = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    if element.tag in ("body", "a", "article", "main", "html", "table", "tr", "td", "tbody"):
        return True
    if attributes.get("rel") == "author" or (BYLINE.search(name) and length < 100):
        return False
    return not UNLIKELY.search(name) or bool(LIKELY.search(name))


def _is_hidden(element: Element) -> bool:
    attributes = element.attributes
    style = attributes.get("style", "").replace(" ", "").lower()
    is_fallback = "fallback-image" in attributes.get("class", "")
    return (
        "display:none" in style
        or "visibility:hidden" in style
        or "hidden" in attributes
        or (attributes.get("aria-hidden") == "true" and not is_fallback)
    )


def _vote(root: Element, measures: Measures, *, is_wary: bool) -> dict[Element, float]:
    scores: dict[Element, float] = {}
    for element in root.walk():
        if not _has_vote(element):
            continue
        inside = measures[element]
        if inside.length < SHORT:
            continue
        vote = 1 + inside.commas + min(inside.length // 100, 3)
        holder, level = element.parent, 0
        while holder is not None and level < 5:
            if holder not in scores:
                scores[holder] = SCORES.get(holder.tag, 0) + (_weigh(holder) if is_wary else 0)
            scores[holder] += vote / (1 if level == 0 else 2 if level == 1 else level * 3)
            holder, level = holder.parent, level + 1
    return scores


def _has_vote(element: Element) -> bool:
    if element.tag in VOTERS:
        return True
    if element.tag not in ("div", "span", "font", "article"):
        return False
    inner = (child for child in element.children if isinstance(child, Element))
    has_text = any(isinstance(child, str) and child.strip() for child in element.children)
    return has_text and not any(child.tag in INNER for child in inner)


def _weigh(element: Element) -> int:
    weight = 0
    for name in ("class", "id"):
        value = element.attributes.get(name, "")
        if value:
            weight -= 25 if BAD.search(value) else 0
            weight += 25 if GOOD.search(value) else 0
    return weight


def _climb(top: Element, scores: dict[Element, float]) -> Element:
    """Go up while there is more of it: when the holder scores more, or holds nothing else."""
    parent = top.parent
    last = scores[top]
    while parent is not None and parent.tag != "body" and parent in scores:
        if scores[parent] < scores[top] / 3:
            break
        if scores[parent] > last:
            return parent
        last = scores[parent]
        parent = parent.parent
    while top.parent is not None and top.parent.tag not in ("body", "document"):
        others = [c for c in top.parent.children if isinstance(c, Element) or c.strip()]
        if len(others) != 1:
            break
        top = top.parent
    return top


def _gather(
    top: Element, scores: dict[Element, float], measures: Measures
) -> Iterator[Element | str]:
    """Yield the holder, and those beside it that are of its kind."""
    if top.parent is None:
        yield top
        return
    threshold = max(10.0, scores.get(top, 0) * 0.2)
    for sibling in top.parent.children:
        if isinstance(sibling, str):
            continue
        same = top.attributes.get("class")
        bonus = scores.get(top, 0) * 0.2 if same and sibling.attributes.get("class") == same else 0
        if (
            sibling is top
            or scores.get(sibling, float("-inf")) + bonus >= threshold
            or (sibling.tag == "p" and _is_prose(sibling, measures[sibling]))
        ):
            yield sibling


def _is_prose(element: Element, inside: Measure) -> bool:
    density = inside.link_density
    if inside.length > 80:
        return density < 0.25
    text = element.text()
    return bool(text) and density == 0 and bool(re.search(r"[.。](\s|$)", text))


def _take_out_fishy(root: Element, measures: Measures) -> None:
    """Take out lists of links and boxes of few words, which are no part of the text."""
    for element in list(root.walk()):
        element.children = [
            child
            for child in element.children
            if isinstance(child, str) or not _is_fishy(child, measures[child])
        ]


def _is_fishy(element: Element, inside: Measure) -> bool:
    if element.tag in ("h1", "h2") and _weigh(element) < 0:
        return True
    if element.tag not in ("form", "fieldset", "table", "ul", "div", "ol", "dl", "section"):
        return False
    if _weigh(element) < 0:
        return True
    if inside.commas >= 10 or inside.has_code:
        return False
    if element.tag == "table" and inside.has_header:
        return False
    density = inside.link_density
    is_a_box = _weigh(element) < 25 and density > 0.2 and inside.length < SHORT
    return is_a_box or density > 0.5
