"""Text as databases keep it."""


def clean(text: str) -> str:
    """Take out of a text what no database keeps: NUL, and halves of surrogate pairs."""
    if "\x00" not in text and text.isascii():
        return text
    # Through UTF-16, where two halves that belong together are one character again.
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
