"""Text on its way into HTML."""

import re
from html import escape

NUMBER_WITH_UNIT = re.compile(r"(?<=\d) (?=(?:%|[fpnµmkMG]?[JsW]\b))")


class Markup(str):
    """HTML that is already safe and must not be escaped again."""

    __slots__ = ()


def safe(text: str) -> str:
    """The text as HTML, with a number and its unit kept on one line."""
    if isinstance(text, Markup):
        return text
    return NUMBER_WITH_UNIT.sub("\N{NO-BREAK SPACE}", escape(text))


def outward(url: str, text: str) -> Markup:
    """The text, as a link where the address is one of https; nothing is loaded until a click."""
    if not url.startswith("https://"):
        return Markup(safe(text))
    return Markup(
        f'<a href="{escape(url)}" rel="noopener noreferrer" target="_blank">{safe(text)}</a>'
    )
