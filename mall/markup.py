"""What staff write about a gift, as the page shows it: a small part of Markdown, and no HTML of their own."""

from __future__ import annotations

from functools import cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ("rendered",)

PARTS = ["heading", "list", "emphasis", "strikethrough", "link", "hr", "blockquote", "table", "newline", "escape"]
# The page has its own h1; what staff write stands under the gift's name.
LEVELS = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h4", "h5": "h4", "h6": "h4"}


def rendered(text: str) -> SafeString:
    """Return the text as HTML that is safe to show: whatever is no known markup stands there as it was written."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        token.tag = LEVELS.get(token.tag, token.tag)
        _no_style(token)
    return mark_safe(parser.renderer.render(tokens, parser.options, {}))  # noqa: S308 - made by the parser, html is off


def _no_style(token: Token) -> None:
    """The policy allows no style attributes; a table's columns are aligned by one."""
    token.attrs.pop("style", None)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "breaks": True}).enable(PARTS)
    parser.validateLink = _may_link  # type: ignore[method-assign]
    return parser


def _may_link(url: str) -> bool:
    """Allow pages of this site and of sites with https."""
    return url.startswith("https://") or (url.startswith("/") and not url.startswith(("//", "/\\")))
