"""Elements of HTML and SVG, with every text and attribute escaped by the standard library."""

from typing import Final
from xml.etree import ElementTree as ET

from perpetual.offline.reports.entries import visible

Content = ET.Element | str | None

_VOID: Final = ("meta", "input")
"""Elements without an end, of those that pages here use."""
_NUMBER: Final = "{:.1f}"


def element(tag: str, *content: Content, **attributes: str | float | None) -> ET.Element:
    """Return an element; `class_` reads `class`, `aria_label` reads `aria-label`.

    Attributes that are None, and content that is None, are left out. Characters that steer a
    terminal or break XML are shown as escapes.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), _spelled(value))
    for item in content:
        if isinstance(item, str):
            _write(made, visible(item))
        elif item is not None:
            made.append(item)
    return made


def rendered(made: ET.Element) -> str:
    """Return an element as HTML: as XML, which escapes more, less what HTML does not close."""
    text = ET.tostring(made, encoding="unicode", short_empty_elements=False)
    for tag in _VOID:
        text = text.replace(f"</{tag}>", "")
    return text


def _spelled(value: str | float) -> str:
    if isinstance(value, str):
        return visible(value)
    return _NUMBER.format(value).removesuffix(".0")


def _write(made: ET.Element, text: str) -> None:
    if len(made):
        last = made[-1]
        last.tail = (last.tail or "") + text
    else:
        made.text = (made.text or "") + text
