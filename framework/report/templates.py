"""Templates and styles that pages share. Imports neither torch nor matplotlib."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Final

from .theme import css_variables, series_variable

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER: Final = files(__package__)


def make_environment(*folders: Traversable) -> "Environment":
    """What renders pages. All text is escaped: names and descriptions may hold anything.

    Args:
        folders: of templates, looked through before the shared ones: `base.html`, which a page extends, and
            `macros.html`.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str | None:
        found = (folder / name for folder in (*folders, _FOLDER))
        return next((file.read_text(encoding="utf-8") for file in found if file.is_file()), None)

    environment = Environment(
        loader=FunctionLoader(load), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["variable"] = series_variable
    return environment


def page_style() -> str:
    """The style that all pages have: colours in a light and a dark tone, text, tables."""
    return css_variables() + (_FOLDER / "page.css").read_text(encoding="utf-8")
