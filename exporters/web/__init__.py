"""An artefact as a page that runs it in the visitor's browser. Imports no torch."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .export import WebReport as WebReport, export_web as export_web
else:
    from ...framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(__name__, {"export": ["WebReport", "export_web"]})
