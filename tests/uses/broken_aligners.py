"""Aligners that break one promise each, and a sound one that they are made of."""

from collections.abc import Mapping
from typing import Final

import attrs
import torch
from acclimate.framework import Aligner, DomainSide, Layout, RecipeError, Side, Step, Term
from acclimate.framework.testing import AlignerCase
from torch import Tensor, nn


class Sound(Aligner):
    """The mean square of each modality's rows on each side."""

    def forward(self, step: Step) -> dict[str, Term]:
        """A term for each modality and side."""
        return {
            f"{name}/{modality}": Term(self.value(modality, side), reaches=self.reaches(name, modality))
            for name, side in step.sides
            for modality in side.batch.modalities
        }

    def reaches(self, side: DomainSide, modality: str) -> frozenset[tuple[DomainSide, str]] | None:
        """The features that a term is made of."""
        return frozenset({(side, modality)})

    def value(self, modality: str, side: Side) -> Tensor:
        """A term's value."""
        squares = self.rows(modality, side).square().sum(dim=1)
        return squares.sum() / side.batch.has(modality).sum().clamp(min=1)

    def rows(self, modality: str, side: Side) -> Tensor:
        """The rows that count, zeros elsewhere."""
        return torch.where(side.batch.has(modality).unsqueeze(1), side.outputs.features[modality], 0.0)


class Pairs(Sound):
    """Cannot be bound to one modality, and does not say so by the error that is meant for it."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the first pair."""
        self.pair = layout.pairs[0]


class OnlyPairs(Sound):
    """Refuses one modality, as it should."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take pairs."""
        if not layout.pairs:
            raise RecipeError("two modalities are needed, but there is one.")


class Silent(Aligner):
    """Says nothing."""

    def forward(self, step: Step) -> dict[str, Term]:
        """No terms."""
        return {}


class Variances(Sound):
    """Is not finite where a modality has one row."""

    def value(self, modality: str, side: Side) -> Tensor:
        """The variance over rows."""
        rows = side.outputs.features[modality][side.batch.has(modality)]
        return (rows - rows.mean(dim=0)).square().sum() / (len(rows) - 1)


class Unreached(Sound):
    """Does not say what it reaches."""

    def reaches(self, side: DomainSide, modality: str) -> None:
        """Nothing said."""


class TooFar(Sound):
    """Reaches more than it says: the other modalities."""

    def value(self, modality: str, side: Side) -> Tensor:
        """With the sum over all modalities."""
        whole = torch.stack([self.rows(name, side).sum() for name in side.batch.modalities])
        return super().value(modality, side) + whole.sum()


class WrongForm(Sound):
    """Brings half of its gradient."""

    def forward(self, step: Step) -> dict[str, Term]:
        """With gradients in closed form."""
        terms = {}
        for name, side in step.sides:
            for modality in side.batch.modalities:
                count = side.batch.has(modality).sum().clamp(min=1)
                gradient = {(name, modality): self.rows(modality, side).detach() / count}
                key = f"{name}/{modality}"
                terms[key] = Term(self.value(modality, side), reaches=self.reaches(name, modality), gradient=gradient)
        return terms


class Detached(Sound):
    """Detaches a factor."""

    def value(self, modality: str, side: Side) -> Tensor:
        """The square of the value, with half of its gradient."""
        value = super().value(modality, side)
        return value * value.detach()


class Ordered(Sound):
    """Counts later rows more."""

    def rows(self, modality: str, side: Side) -> Tensor:
        """Times their place."""
        return super().rows(modality, side) * torch.arange(1, len(side.batch) + 1).unsqueeze(1)


class Unmasked(Sound):
    """Takes absent rows for data."""

    def rows(self, modality: str, side: Side) -> Tensor:
        """All of them."""
        return side.outputs.features[modality]


class Favouring(Sound):
    """Knows a modality by its name."""

    def rows(self, modality: str, side: Side) -> Tensor:
        """Louder sound."""
        return super().rows(modality, side) * (2.0 if modality == "audio" else 1.0)


class Peeking(Sound):
    """Reads labels of whichever side has some."""

    def value(self, modality: str, side: Side) -> Tensor:
        """More, if there are labels."""
        return super().value(modality, side) * (1.0 if side.batch.labels is None else 2.0)


class Mingling(Sound):
    """Has a value that depends on how many tasks there are."""

    def value(self, modality: str, side: Side) -> Tensor:
        """Times the number of tasks."""
        return super().value(modality, side) * len(side.outputs.logits)


class Noisy(Sound):
    """Draws from torch's own generator, too little to be seen but in the bits."""

    def value(self, modality: str, side: Side) -> Tensor:
        """With noise."""
        return super().value(modality, side) * (1 + 1e-14 * torch.rand((), dtype=torch.float64).item())


class Counting(Sound):
    """Counts losses, not steps."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, step: Step) -> dict[str, Term]:
        """Terms that grow."""
        self.count += 1
        return {name: attrs.evolve(term, weight=self.count.item()) for name, term in super().forward(step).items()}


class Resetting(Sound):
    """Forgets what it has observed when it is asked for measures."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def observe(self, step: Step) -> None:
        """Count."""
        self.seen += 1

    def measure(self, step: Step) -> dict[str, float]:
        """Begin anew."""
        seen = self.seen.item()
        self.seen.zero_()
        return {"seen": seen}


class Failing(Sound):
    """Has a mistake in it."""

    def value(self, modality: str, side: Side) -> Tensor:
        """Look for a modality by a wrong name."""
        return side.outputs.features["adio"].sum()


SIX: Final = {f"{side}/{modality}" for side in ("source", "target") for modality in ("audio", "image")}

BROKEN: Final[list[tuple[str, AlignerCase, str]]] = [
    (
        "bind",
        AlignerCase(Sound, refuses={"regression"}),
        "Sound: claims to refuse regression, but bind raises nothing.",
    ),
    ("names", AlignerCase(Silent), r"Silent: has no term in a step with both sides; claim terms=set\(\) if so."),
    (
        "names",
        AlignerCase(Sound, terms=SIX, without_target={"source/audio"}, regression=SIX),
        r"Sound: claims the terms \['source/audio'\] without a target, but has \['source/audio', 'source/image'\].",
    ),
    ("finite", AlignerCase(Variances), "Variances/source/audio: its value on 'batches of one' is nan."),
    (
        "reach",
        AlignerCase(Unreached),
        r"Unreached/source/audio: its gradient does not reach \(source, image\), which Term.reaches names, being None",
    ),
    (
        "reach",
        AlignerCase(TooFar),
        r"TooFar/source/audio: its gradient reaches \(source, image\), which Term.reaches does not name: .* entry 1\.",
    ),
    (
        "closed form",
        AlignerCase(WrongForm),
        r"WrongForm/source/audio: Term.gradient by \(source, audio\) is not what differentiation gives: .* and not .*",
    ),
    (
        "gradient",
        AlignerCase(Detached),
        r"Detached/source/audio: its gradient by \(source, audio\), .*, is not 1 times what finite differences give: ",
    ),
    ("gradient", AlignerCase(Sound, gradient_sign=-1.0), "is not -1 times what finite differences give"),
    ("row order", AlignerCase(Ordered), "Ordered/source/audio: its value changes with the order of rows: .* and not "),
    (
        "absent rows",
        AlignerCase(Unmasked),
        r"Unmasked/source/audio: its value changes when 1e\+06 stands where a modality is absent: .* and not ",
    ),
    (
        "modality names",
        AlignerCase(Favouring),
        "Favouring: the sum of its terms changes when audio, image, text exchange their names: .* claim symmetric",
    ),
    (
        "modality names",
        AlignerCase(Sound, symmetric=False),
        "Sound: claims symmetric=False, but nothing changes when audio, image, text exchange their names.",
    ),
    (
        "target labels",
        AlignerCase(Peeking),
        "Peeking/target/audio: its value changes when the target's batch carries labels: .* and not ",
    ),
    (
        "separate tasks",
        AlignerCase(Mingling),
        "Mingling/source/audio: its value changes when a task stands beside others: .* and not ",
    ),
    (
        "repeatable",
        AlignerCase(Noisy),
        "Noisy/source/audio: its value is .* the second time, and was .*: not the same bits",
    ),
    (
        "observe",
        AlignerCase(Counting),
        "Counting/source/audio: its weight changes when losses are asked for twice; .*: 2.0 and not 1.0",
    ),
    ("measure", AlignerCase(Resetting), "Resetting: measure must change nothing, but changes seen: 0 and not 1."),
]
"""The only promise that a part breaks, and the sentence for it."""
