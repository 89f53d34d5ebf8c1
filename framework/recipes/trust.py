"""Which classes a recipe from strangers may name: the parts of a method, and nothing else. Imports none of them."""

import re
from pathlib import Path
from typing import Final

_CLASS: Final = r"[A-Z][A-Za-z0-9]*"
_ROOM: Final = r"(?:adapters|framework\.encoders|framework\.validators)"
_PART: Final = re.compile(rf"acclimate\.({_ROOM}(?:\.[a-z][a-z0-9_]*)*)\.{_CLASS}")
_OPTIMISER: Final = re.compile(rf"torch\.optim\.{_CLASS}")
_ROOT: Final = Path(__file__).parents[2]


def is_part(path: str) -> bool:
    """Whether an import path names a class in acclimate's adapters, encoders or validators, or an optimiser of torch.

    All of these are made of numbers and words, and do nothing but compute when they are made, but for encoders that are
    given the name of pretrained weights, and a selector that is given that of a consensus. What a module has
    imported for itself, such as `torch` or `os`, is no part of it; so is no function.

    Example:
        >>> is_part("acclimate.adapters.LateSum"), is_part("acclimate.adapters.rna.RelativeNormAlignment")
        (True, True)
        >>> is_part("acclimate.framework.validators.SourceScore")
        True
        >>> is_part("torch.optim.Adam"), is_part("torch.optim.lr_scheduler.StepLR")
        (True, False)
        >>> is_part("acclimate.adapters.rna.torch.nn.Linear"), is_part("acclimate.framework.runs.run_folder.RunFolder")
        (False, False)
    """
    found = _PART.fullmatch(path)
    return _is_module(found[1].split(".")) if found else _OPTIMISER.fullmatch(path) is not None


def _is_module(names: list[str]) -> bool:
    path = _ROOT.joinpath(*names)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
