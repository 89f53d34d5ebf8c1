"""The five interfaces. Subclass one to add a method; name the subclass in a recipe by its import path."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from jaxtyping import Bool, Float
from torch import Tensor, nn

from .batch import EncoderInput, Lesson, Outputs, Representation, Side, Step, Term
from .intermediate import Encoded, Intermediate
from .layout import DomainSide, Layout, RowShape


class Encoder(nn.Module, ABC):
    """Turns one modality's input into feature vectors.

    A subclass sets `out_features` and treats each row by itself in evaluation mode, so that a sample's features do not
    depend on its batch. It may have other weights for each side; those of the target are exported.

    Where rows differ in length, they come padded. An encoder that wants to tell padding from data sets `time_axis`, and
    is given `EncoderInput.lengths`. Its features must then depend neither on how much padding there is nor on what
    stands in it: the model cuts a batch to its longest row.

    For fusions and losses that look further inside, it may announce `intermediate_shapes`, and return an `Encoded`.

    Example:
        >>> import torch
        >>> class Mean(Encoder):
        ...     out_features = 3
        ...
        ...     def forward(self, inputs: EncoderInput) -> Tensor:
        ...         return inputs.values.mean(dim=1)
        >>> Mean()(EncoderInput(torch.zeros(2, 50, 3))).shape
        torch.Size([2, 3])
    """

    out_features: int

    time_axis: int | None = None
    """Axis of the batch along which rows differ in length; None where all that stands there is taken for data."""

    intermediate_shapes: Mapping[str, RowShape] = MappingProxyType({})
    """By name, the shape of each row of what an `Encoded` hands on, such as `(None, 64)` for 64 numbers a step."""

    @abstractmethod
    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"] | Encoded:
        """Encode rows `(B, ...)` as `(B, out_features)`."""

    def portable_arguments(self) -> dict[str, Any]:
        """Constructor arguments, as JSON values, to put in place of those that name files.

        With them a run is opened where pretrained weights are no longer at hand: its checkpoint holds all weights.
        """
        return {}


@attrs.frozen(eq=False)
class Fused:
    """What a Fusion makes.

    Args:
        features: joint ones `(B, d)`.
        logits: joint ones `(B, C)`, by task.
        intermediate: by name, what losses shall see beside these, such as private and shared parts. What belongs to one
            modality should be zero where it is absent, as encoders' tensors are.
    """

    features: Float[Tensor, "batch _"]
    logits: Mapping[str, Float[Tensor, "batch _"]]
    intermediate: Mapping[str, Intermediate] = attrs.field(factory=dict)


class Part(nn.Module, ABC):
    """What the Builder binds to the data, once, after it has made all parts."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make weights whose sizes only the data tell, and take modules that parts share.

        A module that parts share may be a Part itself: it is bound before those that share it.

        Args:
            layout: the sizes.
            parts: modules that parts share, by name. Aligners, Balancers and TeacherSelectors, which are bound last,
                find the model among them as `model`. It is there to be copied: a part that keeps it as an attribute
                would own its weights; each `Step` brings it again.

        Raises:
            RecipeError: if the layout, or what is shared, is such that this part cannot work with it.
        """

    def observe(self, step: Step) -> None:
        """See a step of training, before any loss is computed: the place where memory moves.

        A bank of features, moving averages, a mean teacher's weights: what a part keeps in buffers, or in parameters
        that need no gradient, is in every checkpoint. Called once for each step, however many updates it has, without
        gradients and outside of autocast, first on shared parts; never in evaluation.

        Args:
            step: as losses see it, with lessons; of several processes, all observe the whole.
        """

    def measure(self, step: Step) -> dict[str, float]:
        """Numbers worth logging after an epoch; asks, and changes nothing.

        Args:
            step: the source's validation rows and the whole target, on the CPU, without gradient and without what is
                intermediate: the steps in time of a whole split may not fit into memory.
        """
        return {}


class Fusion(Part):
    """Joins the modalities."""

    @abstractmethod
    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse the modalities that are present.

        Args:
            outputs: of all modalities, without joint ones; zero where a modality is absent.
            present: which modalities each sample has, columns in the order of `Layout.modalities`.
            domain_side: the side that the batch comes from; an artefact says "target".
        """


class Aligner(Part):
    """Computes a method's losses from what the model says of batches.

    Where several processes share a batch, the inputs of its samples have shapes but no values.
    """

    @abstractmethod
    def forward(self, step: Step) -> dict[str, Term]:
        """Terms by name, for whichever sides the step has; an empty dict where there is nothing to say."""


class TeacherSelector(Part):
    """Decides what is taught on the target, by whom, and to which samples."""

    def study(self, target: Iterable[Side]) -> Bool[Tensor, " target"] | None:
        """See the whole target before a round of training; the model is in evaluation mode, gradients are off.

        Returns:
            Which samples of the target, by `Batch.index`, the round trains on; None means all.
        """
        return None

    def portable_arguments(self) -> dict[str, Any]:
        """As `Encoder.portable_arguments`, in place of arguments that name files which a finished run needs no more."""
        return {}

    def parents(self) -> list[dict[str, Any]]:
        """The models that the lessons come from, as JSON values, where these are others than the one that learns."""
        return []

    @abstractmethod
    def forward(self, side: Side) -> dict[str, Lesson]:
        """Lessons for a target batch, by task. No gradient flows through them."""


class Balancer(Part):
    """Joins competing terms into one scalar."""

    @abstractmethod
    def forward(
        self, terms: Mapping[str, Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
    ) -> Float[Tensor, ""]:
        """Weigh the terms of a group, with their gradients by the representations if it needs them."""
