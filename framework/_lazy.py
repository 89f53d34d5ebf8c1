"""Lazy packages (PEP 562): importing a package imports none of its modules until one of their names is asked for.

A stub, `__init__.pyi`, names what a package gives: type checkers read it, and so does `attach`.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise


def attach(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Make `__getattr__`, `__dir__` and `__all__` of a package whose stub says what to import from where.

    Args:
        package: the package's `__name__`.
    """
    home = _read_stub(f"{sys.modules[package].__file__}i")

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*home, *vars(sys.modules[package])}), sorted(home)


def _read_stub(path: str) -> dict[str, str]:
    """The module that each name comes from, by the lines `from .module import Name as Name, ...` of a stub."""
    # Neither pathlib nor ast: importing them would take longer than all that a lazy package does.
    with open(path, encoding="utf-8") as stub:  # noqa: PTH123
        words = stub.read().replace("(", " ").replace(",", " ").split()
    home, module = {}, ""
    for word, following in pairwise(words):
        if word == "from":
            module = following
        elif following == "as":
            home[word] = module
    return home
