"""Data sets that are known by name, each as a table of files."""

from .registry import BuiltIn, builtin_names, default_domains, open_table

__all__ = ["BuiltIn", "builtin_names", "default_domains", "open_table"]
