"""The mean of several models as one model, so that it is exported, checked and served as any other."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import cast

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.arguments import check_positive
from ..framework.batch import EncoderInput, Outputs
from ..framework.interfaces import Encoder
from ..framework.intermediate import Intermediate, to_encoded
from ..framework.layout import JOINT, DomainSide, Task
from ..framework.model import MultimodalModel
from ..framework.tensors.input_maps import TensorMap
from ..framework.tensors.named_modules import NamedModules
from ..framework.tensors.presence import keep_present
from ..framework.tensors.unit_norm import to_unit_norm


def log_mean(
    logits: Float[Tensor, "models batch classes"], weights: Float[Tensor, " models"]
) -> Float[Tensor, "batch classes"]:
    """The logarithm of the weighted mean of what models hold likely: logits whose softmax is that mean.

    Args:
        logits: of each model.
        weights: positive, of sum 1.

    Example:
        >>> probabilities = torch.tensor([[[0.8, 0.2]], [[0.4, 0.6]]])
        >>> log_mean(probabilities.log() + 7, torch.tensor([0.5, 0.5])).exp()
        tensor([[0.6000, 0.4000]])
    """
    return torch.logsumexp(logits.log_softmax(dim=2) + weights.log().reshape(-1, 1, 1), dim=0)


class MeanModel(MultimodalModel):
    """The mean of several models: of what their softmax gives to each class, and of the numbers of a regression.

    Its logits are the logarithms of these means. Each model keeps its own encoders, heads and fusion, and treats absent
    modalities as it does alone; a modality's head is the mean of the models' own. It is there to be used, not trained.

    Args:
        models: of the same modalities and tasks, on one device; copied.
        weights: positive, one for each model, scaled to sum 1; even if None.

    Raises:
        ValueError: if there are fewer than two models, they do not fit together, or a weight is not positive.

    Example:
        >>> from acclimate.framework import Builder, read_recipe
        >>> from acclimate.framework.testing import make_batch, make_schema
        >>> builder, batch = Builder(read_recipe("source-only")), make_batch()
        >>> model = MeanModel([builder.build(make_schema(), seed=seed).model for seed in range(3)])
        >>> model(batch.inputs, batch.present).joint_logits("digit").exp().sum(dim=1)[:2]
        tensor([1.0000, 1.0000], grad_fn=<SliceBackward0>)
    """

    def __init__(self, models: Sequence[MultimodalModel], weights: Sequence[float] | None = None) -> None:
        scaled = _scale(weights, len(models))
        _check_fit(models)
        first = models[0]
        encoders = {name: _SideBySide(name, models) for name in first.modalities}
        with torch.random.fork_rng(devices=[]):
            super().__init__(encoders, first.tasks, deepcopy(first.fusion))
        self._sizes = [model.feature_sizes for model in models]
        # What comes behind encoders; these stand side by side, and are traced one by one.
        self.bodies = nn.ModuleList(deepcopy(model, {id(model.encoders): nn.ModuleDict()}) for model in models)
        self.heads = NamedModules({f"body_{number}": body for number, body in enumerate(self.bodies)})
        self.weights: Tensor
        self.register_buffer("weights", scaled.to(next(first.parameters())))

    def classify(
        self,
        features: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = "target",
        intermediate: Mapping[str, Mapping[str, Intermediate]] | None = None,
    ) -> Outputs:
        """Logits of the mean; features and joint features are those of all models, one after the other.

        Args:
            features: `(B, sum of d_m)` by modality.
            present: which of them count.
            domain_side: the side that the batch comes from.
            intermediate: is not handed on.
        """
        said = [
            cast("MultimodalModel", body).classify(own, present, domain_side)
            for body, own in zip(self.bodies, self._divide(features), strict=True)
        ]
        logits = {task.name: self._mean(task, said, present) for task in self.tasks}
        joint = torch.cat([one.features[JOINT] for one in said], dim=1)
        own_features = {task.name: dict(features) for task in self.tasks}
        return Outputs({**features, JOINT: joint}, logits, own_features, intermediate or {})

    def _divide(self, features: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        parts = {
            name: values.split_with_sizes([sizes[name] for sizes in self._sizes], dim=1)
            for name, values in features.items()
        }
        return [{name: parts[name][number] for name in parts} for number in range(len(self._sizes))]

    def _mean(self, task: Task, said: Sequence[Outputs], present: Bool[Tensor, "batch modality"]) -> dict[str, Tensor]:
        found = {}
        for head in (*self.modalities, JOINT):
            logits = torch.stack([one.logits[task.name][head] for one in said])
            mean = (
                (logits * self.weights.reshape(-1, 1, 1)).sum(dim=0)
                if task.is_regression
                else log_mean(logits, self.weights)
            )
            # As every model's own: zero where there is nothing to say.
            found[head] = mean if head == JOINT else keep_present(mean, present[:, self.modalities.index(head)])
        return found


class _SideBySide(Encoder):
    """One modality's encoders of several models; their features stand one behind the other."""

    def __init__(self, modality: str, models: Sequence[MultimodalModel]) -> None:
        super().__init__()
        encoders = [deepcopy(cast("Encoder", model.encoders[modality])) for model in models]
        axes = {encoder.time_axis for encoder in encoders}
        if len(axes) > 1:
            told = ", ".join("none" if axis is None else str(axis) for axis in sorted(axes, key=str))
            raise ValueError(f"encoders of {modality!r} must have one time_axis, but the models' have {told}.")
        self.time_axis = axes.pop()
        self.encoders = nn.ModuleList(encoders)
        self.out_features = sum(encoder.out_features for encoder in encoders)
        self._unit_norms = [model.unit_norm for model in models]
        maps = (model.input_maps.get(modality) for model in models)
        self.maps = nn.ModuleDict({str(at): TensorMap(found) for at, found in enumerate(maps) if found is not None})

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Features `(B, sum of d)`."""
        given = [self._mapped(str(number), inputs) for number in range(len(self.encoders))]
        made = [to_encoded(encoder(one)).features for encoder, one in zip(self.encoders, given, strict=True)]
        pairs = zip(made, self._unit_norms, strict=True)
        return torch.cat([to_unit_norm(features) if scaled else features for features, scaled in pairs], dim=1)

    def _mapped(self, number: str, inputs: EncoderInput) -> EncoderInput:
        """What one of the models gives to its encoder: each has its own maps of the target's inputs, or none."""
        if inputs.domain_side != "target" or number not in self.maps:
            return inputs
        lengths = None if self.time_axis is None else inputs.lengths
        return attrs.evolve(inputs, values=self.maps[number](inputs.values, lengths))


def _scale(weights: Sequence[float] | None, models: int) -> Tensor:
    if models < 2:
        raise ValueError(f"a mean must be of two models at least, but got {models}.")
    given = [1.0] * models if weights is None else list(weights)
    if len(given) != models:
        raise ValueError(f"weights must be one for each of {models} models, but got {len(given)}.")
    for weight in given:
        # One that is not positive could make a mean of probabilities that is none, which has no logarithm.
        check_positive(weights=weight)
    return torch.tensor(given, dtype=torch.float64) / sum(given)


def _check_fit(models: Sequence[MultimodalModel]) -> None:
    for first, other in pairwise(models):
        if (first.modalities, first.tasks) != (other.modalities, other.tasks):
            raise ValueError(
                f"models must have the same modalities and tasks, but got {first.modalities} with "
                f"{_names(first)} and {other.modalities} with {_names(other)}."
            )


def _names(model: MultimodalModel) -> str:
    return ", ".join(f"{task.name} ({task.outputs} outputs)" for task in model.tasks)
