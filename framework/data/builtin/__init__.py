"""Data sets that are known by name, each as a table of files."""

from ..data_set import BuiltIn
from .registry import builtin_names, default_domains, open_table, paper_shifts

__all__ = ["BuiltIn", "builtin_names", "default_domains", "open_table", "paper_shifts"]
