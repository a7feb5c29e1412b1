"""Text in whatever encoding: what was written is what is stored, in pages, feeds and lists."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import json
import subprocess

import pytest
from webencodings.labels import LABELS

from inkcre.edge.local.node import node_program
from inkcre.ports.web import Page
from inkcre.sources.encodings import decode, decode_plain, decode_xml, find_encoding
from inkcre.sources.pages.pages import decode_html, read_page
from inkcre.sources.types.feeds import read_feed
from inkcre.sources.types.opml import read_opml

URL = "https://example.org/feed"
SAMPLES: dict[str, tuple[str, bytes]] = {
    "utf-8": ("Größe", "Größe".encode()), "ibm866": ("Привет", "Привет".encode("cp866")),
    "iso-8859-2": ("Žluťoučký", "Žluťoučký".encode("iso-8859-2")), "iso-8859-3": ("Ĝis", "Ĝis".encode("iso-8859-3")),
    "iso-8859-4": ("Ēriks ģ", "Ēriks ģ".encode("iso-8859-4")), "iso-8859-5": ("Привет", "Привет".encode("iso-8859-5")),
    "iso-8859-6": ("مرحبا", "مرحبا".encode("iso-8859-6")), "iso-8859-7": ("Καλημέρα", "Καλημέρα".encode("iso-8859-7")),
    "iso-8859-8": ("שלום", "שלום".encode("iso-8859-8")), "iso-8859-8-i": ("שלום", "שלום".encode("iso-8859-8")),
    "iso-8859-10": ("Þór ĸ", "Þór ĸ".encode("iso-8859-10")), "iso-8859-13": ("žąsys’", b"\xfe\xe0sys\xff"),
    "iso-8859-14": ("Ŵ ŷ", "Ŵ ŷ".encode("iso-8859-14")), "iso-8859-15": ("5 €", b"5 \xa4"), "iso-8859-16": ("știe", "știe".encode("iso-8859-16")),
    "koi8-r": ("Привет", "Привет".encode("koi8-r")), "koi8-u": ("Їжак ў", b"\xb7\xd6\xc1\xcb \xae"),
    "macintosh": ("Größe", "Größe".encode("mac-roman")), "windows-874": ("ภาษาไทย…", "ภาษาไทย…".encode("cp874")),
    "windows-1250": ("„Žluť”", "„Žluť”".encode("cp1250")), "windows-1251": ("«Привет» №", "«Привет» №".encode("cp1251")),
    "windows-1252": ("“quoted” – €5", b"\x93quoted\x94 \x96 \x805"), "windows-1253": ("“Καλημέρα”", "“Καλημέρα”".encode("cp1253")),
    "windows-1254": ("“ışık”", "“ışık”".encode("cp1254")), "windows-1255": ("שלום ₪", "שלום ₪".encode("cp1255")),
    "windows-1256": ("“مرحبا”", "“مرحبا”".encode("cp1256")), "windows-1257": ("„žąsys“", "„žąsys“".encode("cp1257")),
    "windows-1258": ("“đ ơ”", "“đ ơ”".encode("cp1258")),
    "x-mac-cyrillic": ("Привет", "Привет".encode("mac-cyrillic")), "gbk": ("朱镕基 囧 €", b"\xd6\xec\xe9F\xbb\xf9 \x87\xe5 \x80"),
    "gb18030": ("朱镕基 㐂 😀", "朱镕基 㐂 😀".encode("gb18030")), "big5": ("中文 €‧嘅", b"\xa4\xa4\xa4\xe5 \xa3\xe1\xa1\x45\x9f\xfa"[:-2] + "嘅".encode("big5hkscs")),
    "euc-jp": ("①②髙橋～", b"\xad\xa1\xad\xa2\xfc\xe2\xb6\xb6\xa1\xc1"), "iso-2022-jp": ("日本①ｱ", b"\x1b$BF|K\\-!\x1b(I1\x1b(B"),
    "shift_jis": ("①②髙橋～", b"\x87@\x87A\xfb\xfc\x8b\xb4\x81`"), "euc-kr": ("똠방각하 펲", b"\x8cc\xb9\xe6\xb0\xa2\xc7\xcf \xbc\x84"),
}  # fmt: skip
"""A text in each encoding of the standard, with letters that Python's codec of the name lacks."""

KNOWN = {
    label: name
    for label, name in LABELS.items()
    if name not in ("replacement", "x-user-defined", "utf-16le", "utf-16be")
}


def feed_of(declared: str, title: bytes, before: bytes = b"") -> bytes:
    """Return a feed with one entry, whose title has some bytes."""
    return (
        before
        + f'<?xml version="1.0" encoding="{declared}"?>\n'.encode()
        + b'<rss version="2.0"><channel><title>T</title><item><guid isPermaLink="false">urn:1</guid><title>'
        + title
        + b"</title></item></channel></rss>"
    )


def title_of(content: bytes, content_type: str = "application/rss+xml") -> str:
    """Return the title of a feed's first entry."""
    items = list(read_feed(Page(URL, 200, {"content-type": content_type}, content), URL))
    return str(json.loads(items[1].star.block.content or "")["title"])


def test_every_encoding_of_the_standard_has_a_sample() -> None:
    """None is left out."""
    assert set(KNOWN.values()) == set(SAMPLES)
    assert len(KNOWN) > 200


@pytest.mark.parametrize("label", KNOWN)
def test_text_comes_as_it_was_written(label: str) -> None:
    """By every label that browsers know, in a page, its header, a feed, and a list of feeds."""
    text, written = SAMPLES[KNOWN[label]]
    assert decode(written, label) == text
    assert decode(written, f" {label.upper()}\n") == text
    page = f'<meta charset="{label}"><p>'.encode() + written
    assert decode_html(page, "text/html").endswith(f"<p>{text}")
    assert decode_html(b"<p>" + written, f"text/html; charset={label}") == f"<p>{text}"
    assert title_of(feed_of(label, written)) == text
    assert title_of(feed_of(label, written, b"\n \r\n")) == text
    assert title_of(feed_of("utf-8", written), f"Text/XML;Charset='{label}'") == text
    opml = (
        f'<?xml version="1.0" encoding="{label}"?><opml><body><outline xmlUrl="https://a.example" text="'.encode()
        + written
        + b'"/></body></opml>'
    )
    assert read_opml(opml).feeds[0].title == text


@pytest.mark.parametrize("label", KNOWN)
def test_utf8_is_utf8_whatever_a_feed_says(label: str) -> None:
    """Feeds often say what a server or a template said before; a page's word is taken."""
    for text in ("Привет мир", "日本語の題", "Größe – “x”"):
        if KNOWN[label] in (
            "gbk",
            "gb18030",
            "big5",
            "euc-kr",
            "shift_jis",
            "euc-jp",
        ) and text.startswith("П"):
            continue  # two bytes may be a letter of both; the others have three
        assert title_of(feed_of(label, text.encode())) == text


def test_letter_outside_an_encoding_costs_only_itself() -> None:
    """One wrong byte does not make another encoding of the rest."""
    assert (
        title_of(feed_of("utf-8", "Größe ".encode() * 5 + b"\xff"))
        == "Größe Größe Größe Größe Größe \ufffd"
    )
    assert title_of(feed_of("gb2312", "中文".encode("gbk") + b"\xff")) == "中文\ufffd"
    assert title_of(feed_of("shift_jis", "日本".encode("cp932") + b"\x85\x5f")).startswith("日本")
    # What says that it is UTF-8 and has no letter of it is what Windows wrote.
    assert title_of(feed_of("utf-8", "Größe".encode("cp1252"))) == "Größe"


def test_few_letters_are_not_taken_for_another_encoding() -> None:
    """Two bytes of Chinese may be a letter in UTF-8 too: there what is declared counts."""
    assert "姆".encode("gbk").decode() == "ķ"
    assert title_of(feed_of("gb2312", "姆".encode("gbk"))) == "姆"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_mark_counts_before_everything_else(codec: str) -> None:
    """Whatever the header and the text say."""
    text = '<?xml version="1.0" encoding="windows-1251"?><p>Größe 日本'
    for label in ("windows-1251", "utf-8", "shift_jis", "no-such", ""):
        assert decode(text.encode(codec), label) == text
        assert decode_html(text.encode(codec), f"text/html; charset={label}") == text
        assert decode_xml(text.encode(codec), f"text/xml; charset={label}") == text
    assert decode_plain(text.encode(codec)) == text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp037"])
def test_xml_without_a_mark_is_known_by_its_beginning(codec: str) -> None:
    """As the standard of XML has it."""
    text = '<?xml version="1.0"?><p>Größe'
    assert decode_xml(text.encode(codec)) == text


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ('<!-- old: <meta charset="windows-1251"> --><meta charset="utf-8">', "utf-8"),
        ('<!-- <meta charset="koi8-r">', None),
        ("<!--><meta charset=koi8-r>", "koi8-r"),
        ('<meta name="description" content="how to say charset=koi8-r">', None),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ('<META CONTENT="text/html; charset=koi8-r" HTTP-EQUIV=content-type>', "koi8-r"),
        ('<meta content="charset=koi8-r">', None),
        ('<a title="<meta charset=koi8-r>">', None),
        ("</meta charset=koi8-r>", None),
        ("<metadata charset=koi8-r>", None),
        ("<meta charset=no-such><meta charset=koi8-r>", "koi8-r"),
        ("<meta charset=utf-16>", "utf-8"),
        ("<meta charset=utf-7>", None),
        ('<?xml version="1.0" encoding="koi8-r"?><html>', "koi8-r"),
        ('<p><?xml version="1.0" encoding="koi8-r"?>', None),
        ("<! meta charset=koi8-r><meta charset='koi8-u'>", "koi8-u"),
        ("<" * 4096, None), ("<meta " * 900, None), ("<!--" * 1500, None),
    ],
)  # fmt: skip
def test_page_says_its_encoding_only_where_browsers_look(html: str, name: str | None) -> None:
    """Not in comments, other elements, or texts."""
    letters = bytes(range(0xA0, 0x100))
    assert decode_html(html.encode() + letters) == html + decode(letters, name or "windows-1252")


def test_comment_in_a_page_is_not_asked() -> None:
    """The text of a page whose comment names another encoding."""
    said = "Größe - this is a sentence with several words, and it goes on for a while. " * 6
    html = f'<!-- <meta charset="windows-1251"> --><meta charset="utf-8"><article><p>{said}</p></article>'
    assert "Größe" in read_page(html.encode(), url=URL).text


def test_plain_text_of_the_web_is_no_html() -> None:
    """What a page says of HTML is its text, and does not tell its encoding."""
    text = 'Größe: <meta charset="koi8-r"> Vec<T>\n\n  List<T>'
    for said in ("text/plain", "Text/Plain; charset=utf-8"):
        assert read_page(text.encode(), url=URL, content_type=said).text == text


@pytest.mark.parametrize(
    "content",
    [
        b"Gr\xf6\xdfe",
        b"\xff",
        "Größe".encode("utf-16-le"),
        b"\xc3",
        b"\xef\xbb\xbf\xff",
        b"\xff\xfea",
    ],
)
def test_text_that_does_not_say_what_it_is_is_not_guessed(content: bytes) -> None:
    """A file of a folder has no header; to guess is to store another text."""
    with pytest.raises(ValueError, match=r"mark|decode|truncated"):
        decode_plain(content)


def test_every_byte_is_what_it_is_in_browsers() -> None:
    """All of one byte and of two, held against a runtime of JavaScript, where it knows a letter."""
    names = sorted(set(KNOWN.values()) - {"utf-8", "iso-2022-jp"})
    written = [bytes([one]) for one in range(128, 256)]
    written += [bytes([one, two]) for one in range(128, 256) for two in range(0x30, 256)]
    script = (
        "const out = {}; for (const name of " + json.dumps(names) + ") { const d = new TextDecoder(name); out[name] = [];"
        " for (let a = 128; a < 256; a++) out[name].push(d.decode(new Uint8Array([a])));"
        " for (let a = 128; a < 256; a++) for (let b = 0x30; b < 256; b++) out[name].push(d.decode(new Uint8Array([a, b]))); }"
        " process.stdout.write(JSON.stringify(out));"
    )  # fmt: skip
    done = subprocess.run(
        [node_program(), "-e", script], capture_output=True, check=True, timeout=100
    )
    theirs = json.loads(done.stdout)
    wrong = [
        (name, piece.hex(), ours, letter)
        for name in names
        for piece, letter in zip(written, theirs[name], strict=True)
        if len(letter) == 1
        and letter != "\ufffd"
        and not "\ue000" <= letter <= "\uf8ff"
        and not (len(piece) == 1 and letter < "\xa0")  # it takes controls for letters
        and piece not in (b"\xfe\xff", b"\xff\xfe")
        and (ours := decode(piece, name)) != letter
    ]
    # Python's table has one letter for two of Big5; three of EUC-JP are of that runtime alone.
    assert {(name, piece) for name, piece, *_ in wrong} == {
        ("big5", "a241"), ("big5", "a242"), ("euc-jp", "8ee0"), ("euc-jp", "8ee1"), ("euc-jp", "8ee2"),
    }, wrong[:20]  # fmt: skip


def test_labels_are_those_of_browsers() -> None:
    """And none of Python's own."""
    assert find_encoding("latin1") == find_encoding("US-ASCII") == "windows-1252"
    for label in (
        "",
        "utf-7",
        "idna",
        "unicode_escape",
        "undefined",
        "rot13",
        "x" * 500,
        "lаtin1",
        "replacement",
        "utf_8_sig",
    ):
        assert find_encoding(label) is None
