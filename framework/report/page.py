"""One self-contained HTML page: no address outside of itself, no script, and a policy that forbids both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..errors import RunError
from ..files.whole_file import write_whole
from .templates import make_environment, page_style
from .views import Headline, Section

POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the browser may load: pictures that are in the page. There is no script."""


def render_page(title: str, lead: str, headlines: Sequence[Headline], sections: Sequence[Section]) -> str:
    """Put a page together. All text is escaped: class names and recipes may hold anything.

    Args:
        title: of the page.
        lead: stands below it.
        headlines: numbers that stand at the top.
        sections: all else, in order.
    """
    return (
        make_environment()
        .get_template("page.html")
        .render(
            title=title,
            lead=lead,
            headlines=headlines,
            sections=sections,
            policy=POLICY,
            style=page_style(),
        )
    )


def write_page(path: Path, page: str) -> None:
    """Write a page in one piece.

    Raises:
        RunError: if it cannot be written there.
    """
    try:
        write_whole(path, page)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from error
