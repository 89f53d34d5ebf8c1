"""Aligners, TeacherSelectors, Balancers and Fusions, a short file for each idea, and recipes that put them together.

docs/ has a page for each paper, which says where its equations stand.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from ..framework._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
