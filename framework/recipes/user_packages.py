"""Which packages of the user's own a recipe has named: whose errors keep their trace."""

from collections.abc import Iterable
from typing import Final

USER_PACKAGES: Final[set[str]] = set()
"""Top-level packages of the classes that this process was asked to import, but for those of libraries we build on."""

_LIBRARIES: Final = frozenset({"acclimate", "timm", "torch", "torchaudio", "torchvision", "transformers"})


def note_user_packages(class_paths: Iterable[str]) -> None:
    """Remember whose code is about to run.

    Example:
        >>> note_user_packages(["my_methods.Encoder", "torch.optim.Adam"])
        >>> "my_methods" in USER_PACKAGES, "torch" in USER_PACKAGES
        (True, False)
    """
    USER_PACKAGES.update({path.partition(".")[0] for path in class_paths} - _LIBRARIES)
