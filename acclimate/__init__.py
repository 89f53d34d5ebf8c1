"""Unsupervised domain adaptation of multimodal classifiers, deployed as one ONNX artefact.

There are four doors, of which importing this package opens none:

- `acclimate.framework`: interfaces, batches, the model, the Builder, the loop;
- `acclimate.adapters`: the papers' methods, and their recipes;
- `acclimate.exporters`: artefacts and the sessions that run them, without torch;
- `acclimate.zoo`: adapted checkpoints, to pull, check and publish.

`python -m acclimate` is the command line.

Example:
    >>> import acclimate
    >>> acclimate.framework.Task("label", ("no", "yes")).outputs
    2
"""

import sys

# Where Python is started in a checkout, it finds this folder before the installed package, and the doors are in that.
# (pkgutil.extend_path does so too, but importing it takes longer than all else here, as importing typing would.)
__path__ += [f"{place}/{__name__}" for place in sys.path if place and f"{place}/{__name__}" not in __path__]

TYPE_CHECKING = False
"""Type checkers take it for true."""

if TYPE_CHECKING:
    from . import adapters as adapters, exporters as exporters, framework as framework, zoo as zoo

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Open a door, or read the version, when it is first asked for."""
        from importlib import import_module, metadata

        if name == "__version__":
            return metadata.version(__name__)
        if name in __all__:
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = ["__version__", "adapters", "exporters", "framework", "zoo"]
