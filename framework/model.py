"""The multimodal classifier: an encoder and a head per modality, and a Fusion."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import attrs
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from .batch import EncoderInput, Outputs
from .encoders.present_rows import encode_present
from .encoders.trunk_encoder import TrunkEncoder
from .interfaces import Encoder, Fusion
from .intermediate import Encoded, Intermediate, blank
from .layout import JOINT, DomainSide, RowShape, Task
from .tensors.evaluation_mode import evaluation_mode
from .tensors.input_maps import TensorMap
from .tensors.named_modules import NamedModules
from .tensors.presence import keep_present
from .tensors.unit_norm import to_unit_norm

if TYPE_CHECKING:
    from .data.input_maps import InputMap
    from .encoders.trunk_cache import TrunkCache


def features_of(encoded: Mapping[str, Encoded]) -> dict[str, Float[Tensor, "batch _"]]:
    """Features by modality."""
    return {name: made.features for name, made in encoded.items()}


def intermediate_of(encoded: Mapping[str, Encoded]) -> dict[str, Mapping[str, Intermediate]]:
    """What encoders hand on beside features, by modality and name."""
    return {name: made.intermediate for name, made in encoded.items() if made.intermediate}


class MultimodalModel(nn.Module):
    """Encodes each modality that is present, classifies it, and fuses all.

    An encoder sees the rows that have its modality only, so what stands in an absent slot (NaN too) reaches nothing,
    batch statistics included.

    Args:
        encoders: by modality; kept in alphabetical order.
        tasks: what is predicted; each modality gets one linear head per task.
        fusion: joins the modalities.
        projection: where given, one linear layer per modality and task maps features to this size before the head (RNA,
            section 3.3 and 4.2.1).
        unit_norm: whether features are scaled to norm 1, as in A3D2, see `to_unit_norm`.
        input_maps: by modality, what stands before its encoder on the target's side, see `Schema`.

    Raises:
        ValueError: if there is no encoder, `projection` is not positive, or a map is of no modality.

    Example:
        >>> from acclimate.framework import Builder, read_recipe
        >>> from acclimate.framework.testing import make_batch, make_schema
        >>> batch, model = make_batch(), Builder(read_recipe("source-only")).build(make_schema()).model
        >>> model(batch.inputs, batch.present, "source").joint_logits("digit").shape
        torch.Size([8, 3])
    """

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        tasks: Sequence[Task],
        fusion: Fusion,
        projection: int | None = None,
        *,
        unit_norm: bool = False,
        input_maps: "Mapping[str, InputMap] | None" = None,
    ) -> None:
        super().__init__()
        if not encoders:
            raise ValueError("encoders must hold at least one modality, but it is empty.")
        if projection is not None and projection < 1:
            raise ValueError(f"projection must be positive, but got {projection}.")
        self.modalities = tuple(sorted(encoders))
        self.tasks = tuple(tasks)
        self.encoders = NamedModules({name: encoders[name] for name in self.modalities})
        self.projections = NamedModules()
        if projection is not None:
            for task in self.tasks:
                self.projections[task.name] = self._linears(self.feature_sizes, projection)
        self.heads = NamedModules(
            {task.name: self._linears(self.task_feature_sizes, task.outputs) for task in self.tasks}
        )
        self.fusion = fusion
        self.unit_norm = unit_norm
        self.input_maps = dict(sorted((input_maps or {}).items()))
        for name in self.input_maps:
            if name not in self.modalities:
                raise ValueError(f"an input map must be of a modality, {', '.join(self.modalities)}, but got {name!r}.")
        self._tensor_maps = NamedModules({name: TensorMap(found) for name, found in self.input_maps.items()})
        self._trunk_caches: dict[str, TrunkCache] = {}

    def _linears(self, sizes: Mapping[str, int], outputs: int) -> NamedModules:
        return NamedModules({name: nn.Linear(sizes[name], outputs) for name in self.modalities})

    @property
    def feature_sizes(self) -> dict[str, int]:
        """What each encoder puts out."""
        return {name: cast("Encoder", self.encoders[name]).out_features for name in self.modalities}

    @property
    def intermediate_shapes(self) -> dict[str, Mapping[str, RowShape]]:
        """What each encoder hands on beside features; those that hand on nothing are left out."""
        shapes = {name: cast("Encoder", self.encoders[name]).intermediate_shapes for name in self.modalities}
        return {name: found for name, found in shapes.items() if found}

    @property
    def task_feature_sizes(self) -> dict[str, int]:
        """What each head sees: the projection's size, else the encoder's."""
        for projections in self.projections.values():
            linears = cast("NamedModules", projections)
            return {name: cast("nn.Linear", linears[name]).out_features for name in self.modalities}
        return self.feature_sizes

    def cache_trunks(self, cache: "TrunkCache | None", augmented: Collection[str] = ()) -> tuple[str, ...]:
        """From now on, keep what frozen trunks make of samples, in training and evaluation; see `TrunkEncoder`.

        Warns where there is nothing to keep: the cache is no part of the model's state, and changes no result.

        Args:
            cache: where activations are kept; None computes them anew each time, as before.
            augmented: modalities whose inputs are others in each epoch, which are left out.

        Returns:
            The modalities whose trunks are cached.
        """
        if cache is None:
            self._trunk_caches = {}
            return ()
        halves = {name: encoder for name, encoder in self.encoders.items() if isinstance(encoder, TrunkEncoder)}
        frozen = [name for name, encoder in halves.items() if encoder.frozen is not None]
        self._trunk_caches = {name: cache for name in frozen if name not in augmented}
        if not frozen:
            warnings.warn("no encoder has a frozen trunk: there is nothing to cache", RuntimeWarning, stacklevel=2)
        for name in sorted({*frozen} & {*augmented}):
            message = f"{name} is augmented, so what its trunk makes of a sample is another thing each time: not cached"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        return tuple(self._trunk_caches)

    def joint_size(self) -> int:
        """Length of the joint features: runs the Fusion once, which must have been bound."""
        weight = next(iter(self.heads.parameters()))
        features = {name: weight.new_zeros(1, size) for name, size in self.feature_sizes.items()}
        present = torch.ones(1, len(self.modalities), dtype=torch.bool, device=weight.device)
        intermediate = self._blank(weight, 1)
        with evaluation_mode(self), torch.no_grad():
            return self.classify(features, present, intermediate=intermediate).features[JOINT].shape[1]

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = "target",
        lengths: Mapping[str, Int64[Tensor, " batch"]] | None = None,
    ) -> Outputs:
        """Features and logits of all modalities, and the joint ones.

        Args:
            inputs: `(B, ...)` by modality.
            present: which modalities each sample has, columns in alphabetical order.
            domain_side: the side that the batch comes from.
            lengths: by modality, how many steps of each row are its own; all, where a modality is left out.
        """
        encoded = self.encode(inputs, present, domain_side, lengths)
        return self.classify(features_of(encoded), present, domain_side, intermediate_of(encoded))

    def encode(
        self,
        inputs: Mapping[str, Tensor],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = "target",
        lengths: Mapping[str, Int64[Tensor, " batch"]] | None = None,
    ) -> dict[str, Encoded]:
        """What encoders make, zero where a modality is absent: the first half of `forward`, sample by sample."""
        like = next(iter(self.heads.parameters()))
        encoded = {
            name: encode_present(
                cast("Encoder", self.encoders[name]),
                self._encoder_input(name, inputs[name], (lengths or {}).get(name), domain_side),
                present[:, column],
                like,
                self._trunk_caches.get(name),
            )
            for column, name in enumerate(self.modalities)
        }
        if not self.unit_norm:
            return encoded
        return {name: attrs.evolve(made, features=to_unit_norm(made.features)) for name, made in encoded.items()}

    def _encoder_input(
        self, name: str, values: Tensor, lengths: Int64[Tensor, " batch"] | None, domain_side: DomainSide
    ) -> EncoderInput:
        """What an encoder gets; the target's is mapped, where a map was found for it."""
        if domain_side == "target" and name in self._tensor_maps:
            told = cast("Encoder", self.encoders[name]).time_axis is not None
            values = self._tensor_maps[name](values, lengths if told else None)
        return EncoderInput(values, lengths, domain_side)

    def classify(
        self,
        features: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = "target",
        intermediate: Mapping[str, Mapping[str, Intermediate]] | None = None,
    ) -> Outputs:
        """Logits and joint features: the second half of `forward`.

        Args:
            features: `(B, d_m)` by modality, zero where it is absent.
            present: which modalities each sample has, columns in alphabetical order.
            domain_side: the side that the batch comes from.
            intermediate: what encoders hand on beside features, by modality and name.
        """
        intermediate = {} if intermediate is None else intermediate
        masks = {name: present[:, column] for column, name in enumerate(self.modalities)}
        task_features: dict[str, dict[str, Tensor]] = {}
        logits: dict[str, dict[str, Tensor]] = {}
        projections = dict(self.projections.items())
        for task in self.tasks:
            task_features[task.name] = _apply(projections.get(task.name), features, masks)
            logits[task.name] = _apply(self.heads[task.name], task_features[task.name], masks)
        outputs = Outputs(features=features, logits=logits, task_features=task_features, intermediate=intermediate)
        fused = self.fusion(outputs, present, domain_side)
        return attrs.evolve(
            outputs,
            features={**features, JOINT: fused.features},
            logits={task: by_modality | {JOINT: fused.logits[task]} for task, by_modality in logits.items()},
            intermediate={**intermediate, JOINT: fused.intermediate} if fused.intermediate else intermediate,
        )

    def _blank(self, like: Tensor, rows: int) -> dict[str, dict[str, Intermediate]]:
        return {name: blank(shapes, like, rows) for name, shapes in self.intermediate_shapes.items()}


def _apply(
    layers: nn.Module | None, features: Mapping[str, Tensor], masks: Mapping[str, Bool[Tensor, " batch"]]
) -> dict[str, Tensor]:
    """One layer per modality, zero where it is absent; without layers, the features themselves."""
    if layers is None:
        return dict(features)
    by_modality = cast("NamedModules", layers)
    return {name: keep_present(by_modality[name](features[name]), masks[name]) for name in features}
