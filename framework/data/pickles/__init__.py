"""Pickles that others distribute, read without running anything that they name. Training never reads one."""

from .conversion import convert
from .frame import Frame
from .unpickling import unpickle

__all__ = ["Frame", "convert", "unpickle"]
