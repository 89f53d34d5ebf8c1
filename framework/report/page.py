"""One self-contained HTML page: no address outside of itself, no script, and a policy that forbids both."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ..errors import RunError
from ..run import write_atomically
from .theme import css_variables, series_variable
from .views import Headline, Section


def render_page(title: str, lead: str, headlines: Sequence[Headline], sections: Sequence[Section]) -> str:
    """Put a page together. All text is escaped: class names and recipes may hold anything.

    Args:
        title: of the page.
        lead: stands below it.
        headlines: numbers that stand at the top.
        sections: all else, in order.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["variable"] = series_variable
    template = environment.from_string(_read("page.html"))
    return template.render(
        title=title,
        lead=lead,
        headlines=headlines,
        sections=sections,
        style=css_variables() + _read("page.css"),
    )


def write_page(path: Path, page: str) -> None:
    """Write a page in one piece.

    Raises:
        RunError: if it cannot be written there.
    """
    try:
        write_atomically(path, page)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from error


def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
