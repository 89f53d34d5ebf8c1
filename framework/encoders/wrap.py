"""Any module of the user's as an Encoder."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_positive
from ..batch import EncoderInput
from ..interfaces import Encoder
from ..tensors.evaluation_mode import evaluation_mode


class ModuleEncoder(Encoder):
    """Wraps a module that maps `(B, ...)` to `(B, out_features)`.

    Args:
        module: the module.
        out_features: length of its feature vectors.

    Raises:
        ValueError: if `out_features` is not positive.

    Example:
        >>> ModuleEncoder(nn.Flatten(), out_features=15)(EncoderInput(torch.zeros(2, 3, 5))).shape
        torch.Size([2, 15])
    """

    def __init__(self, module: nn.Module, out_features: int) -> None:
        super().__init__()
        check_positive(out_features=out_features)
        self.module = module
        self.out_features = out_features

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode with the module.

        Raises:
            ValueError: if the module does not give `(B, out_features)`.
        """
        features: Tensor = self.module(inputs.values)
        _check(features, self.module, inputs.values)
        if features.shape[1] != self.out_features:
            raise ValueError(
                f"{_name(self.module)} must give {self.out_features} features, but gave {features.shape[1]}."
            )
        return features


def as_encoder(module: nn.Module, out_features: int | None = None, example: Tensor | None = None) -> Encoder:
    """Make an Encoder of a module that maps `(B, ...)` to `(B, out_features)`.

    Args:
        module: an Encoder is returned as it is.
        out_features: length of its feature vectors; None takes the module's attribute of that name, or runs `example`.
        example: inputs `(B, ...)`; run once in evaluation mode without gradients, also to check a known length.

    Raises:
        ValueError: if the length is not known, or the module gives something other than `(B, out_features)`.

    Example:
        >>> as_encoder(nn.Flatten(), example=torch.zeros(2, 3, 5)).out_features
        15
    """
    if isinstance(module, Encoder):
        if out_features not in {None, module.out_features}:
            raise ValueError(f"{_name(module)} must give {out_features} features, but gives {module.out_features}.")
        return module
    size: int | None = getattr(module, "out_features", None) if out_features is None else out_features
    found = None if example is None else _dry_run(module, example)
    size = found if size is None else size
    if size is None:
        raise ValueError(
            f"{_name(module)} must say its number of features: give out_features, or an example to run, or set the "
            "attribute out_features."
        )
    if found not in {None, size}:
        raise ValueError(f"{_name(module)} must give {size} features, but gave {found}.")
    return ModuleEncoder(module, size)


def _dry_run(module: nn.Module, example: Tensor) -> int:
    try:
        with evaluation_mode(module), torch.no_grad():
            features = module(example)
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{_name(module)} does not take inputs of shape {tuple(example.shape)}: {error}") from error
    _check(features, module, example)
    return int(features.shape[1])


def _check(features: object, module: nn.Module, inputs: Tensor) -> None:
    if not isinstance(features, Tensor):
        raise ValueError(f"{_name(module)} must return a tensor, but returned {type(features).__name__}.")  # noqa: TRY004
    if features.ndim != 2 or features.shape[0] != inputs.shape[0]:
        raise ValueError(
            f"{_name(module)} must give a vector per sample, ({inputs.shape[0]}, features), but gave the shape "
            f"{tuple(features.shape)}."
        )


def _name(module: nn.Module) -> str:
    return type(module).__name__
