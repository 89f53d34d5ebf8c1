"""What the encoders around timm's models share."""

from typing import Any, Self

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_positive
from ..batch import EncoderInput
from .convolution import feature_layer
from .timm_layers import Cut, find_cut, frozen_modules, frozen_state, train_top_layers
from .timm_model import make_timm_model
from .trunk_encoder import TrunkEncoder


class TimmEncoder(TrunkEncoder):
    """A model of timm without its classifier, and a last layer. A subclass says what the model is shown, see `prepare`.

    With `trainable_layers`, batch normalisation in the frozen layers keeps its statistics. What those layers make of an
    image can be cached where timm's model is a plain chain from there on, which nearly all are; else `frozen` is None.

    Args:
        model_name: as `timm.list_models()` has it.
        shape: of what the model is shown, `(channels, height, width)`.
        pretrained: see `make_timm_model`.
        trainable_layers: how many layers train, from the top, see `train_top_layers`; None trains all.
        out_features: a last layer maps the model's features to this length; None keeps the model's own.

    Raises:
        ValueError: if the model or its weights cannot be had, or the model does not take this shape.
    """

    def __init__(
        self,
        model_name: str,
        shape: tuple[int, int, int],
        *,
        pretrained: str | bool | None,
        trainable_layers: int | None,
        out_features: int | None,
    ) -> None:
        super().__init__()
        check_positive(in_channels=shape[0], height=shape[1], width=shape[2])
        self.model = make_timm_model(model_name, shape, pretrained=pretrained)
        example = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))
        size = _feature_size(self.model, model_name, example)
        self.out_features = out_features or size
        self.projection: nn.Module = nn.Identity() if out_features is None else feature_layer(size, out_features)
        self._cut: Cut | None = None
        if trainable_layers is not None:
            train_top_layers(self.model, trainable_layers)
            self._cut = find_cut(self.model.eval(), example)
        self.train()

    @property
    def frozen(self) -> nn.Module | None:
        """The weights below the cut; None where nothing is frozen, or the model cannot be cut."""
        if self._cut is None:
            return None
        state = frozen_state(self.model)
        for name, buffer in self.named_buffers():
            # What comes before the model makes another trunk, too.
            if not name.startswith("model."):
                state.register_buffer(name.replace(".", "/"), buffer)
        return state

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's signature
        """Set the mode; frozen layers stay in evaluation mode."""
        super().train(mode)
        for module in frozen_modules(self.model):
            module.eval()
        return self

    def prepare(self, values: Tensor) -> Float[Tensor, "batch channels height width"]:
        """What the model is shown."""
        return values

    def trunk(self, values: Tensor, lengths: Int64[Tensor, " batch"] | None = None) -> Float[Tensor, "batch ..."]:
        """What the frozen layers make of the inputs; the inputs where the model is not cut."""
        if self._cut is None:
            return values
        with torch.no_grad():
            return self._cut.below(self.prepare(values))

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """The layers that train."""
        values = activations.values
        features: Tensor = self.model(self.prepare(values)) if self._cut is None else self._cut.above(values)
        projected: Tensor = self.projection(features)
        return projected

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode in one run of the model, which is the same: no gradient is kept where nothing below trains."""
        projected: Tensor = self.projection(self.model(self.prepare(inputs.values)))
        return projected

    def portable_arguments(self) -> dict[str, Any]:
        """No pretrained weights."""
        return {"pretrained": None}


def _feature_size(model: nn.Module, model_name: str, example: Tensor) -> int:
    model.eval()
    try:
        with torch.no_grad():
            features = model(example)
    except (AssertionError, RuntimeError, ValueError) as error:
        shape = f"{example.shape[2]} x {example.shape[3]}"
        raise ValueError(f"{model_name!r} does not take images of {shape}: {error}") from error
    if features.ndim != 2:
        raise ValueError(f"{model_name!r} must give one vector per image, but gives the shape {tuple(features.shape)}.")
    return int(features.shape[1])
