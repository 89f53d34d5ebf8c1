"""Parts of methods that are not ours, each the smallest of its kind."""

from collections.abc import Iterable, Mapping

import torch
from acclimate.framework import (
    JOINT,
    Aligner,
    Balancer,
    Encoder,
    EncoderInput,
    Fused,
    Fusion,
    Layout,
    Lesson,
    Outputs,
    Representation,
    Side,
    Step,
    TeacherSelector,
    Term,
)
from acclimate.framework.layout import DomainSide
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class NoisyEncoder(Encoder):
    """Draws from torch's generator by dropout, and keeps running statistics."""

    seen: Tensor

    def __init__(self, in_features: int, out_features: int = 5) -> None:
        super().__init__()
        self.out_features = out_features
        self.linear = nn.Linear(in_features, out_features)
        self.dropout = nn.Dropout(0.3)
        self.register_buffer("seen", torch.zeros(in_features))

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        if self.training:
            self.seen = 0.9 * self.seen + 0.1 * inputs.values.mean(dim=0)
        features: Tensor = self.linear(self.dropout(inputs.values - self.seen))
        return features


class Spy(Aligner):
    """Has no terms; remembers what it saw of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: list[float] = []
        self.source: list[tuple[str, ...]] = []
        self.target: list[tuple[str, ...]] = []
        self.target_labels: list[object] = []

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        self.progress.append(step.progress)
        if step.source is not None:
            self.source.append(step.source.batch.ids)
        if step.target is not None:
            self.target.append(step.target.batch.ids)
            self.target_labels.append(step.target.batch.labels)
        return {}

    def measure(self, step: Step) -> dict[str, float]:
        """Nothing."""
        if step.target is not None:
            self.target_labels.append(step.target.batch.labels)
        return {}


class SpySelector(TeacherSelector):
    """Teaches nothing; remembers the labels that it saw on the target."""

    def __init__(self) -> None:
        super().__init__()
        self.target_labels: list[object] = []

    def study(self, target: Iterable[Side]) -> None:
        """Look."""
        self.target_labels.extend(side.batch.labels for side in target)

    def forward(self, side: Side) -> dict[str, Lesson]:
        """The lessons."""
        self.target_labels.append(side.batch.labels)
        return {}


class Explosive(Aligner):
    """A term that is infinite from some progress on."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.at = at

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        value = torch.tensor(torch.inf if step.progress >= self.at else 0.0)
        return {"bang": Term(value), "whimper": Term(torch.zeros(()))}


class SteepTerm(Aligner):
    """A finite term whose gradient is infinite from some progress on."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.at = at

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        assert step.source is not None
        features = step.source.outputs.features["audio"]
        value = (0.0 * features).abs().sum().sqrt() if step.progress >= self.at else features.sum() * 0
        return {"root": Term(value, reaches=frozenset({("source", "audio")}))}


class TwoHeads(Aligner):
    """Maximum classifier discrepancy (MCD): two heads that encoders must not let disagree on the target."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        self.modality = layout.modalities[0]
        (task,) = layout.tasks
        self.heads = nn.ModuleList(nn.Linear(layout.feature_sizes[self.modality], task.outputs) for _ in range(2))

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        terms: dict[str, Term] = {}
        if step.source is not None and step.source.batch.labels is not None:
            features, labels = step.source.outputs.features[self.modality], step.source.batch.labels["label"]
            value = torch.stack([cross_entropy(head(features), labels) for head in self.heads]).sum()
            terms["source"] = Term(value, reaches=frozenset({("source", self.modality)}))
        if step.target is not None:
            first, second = (head(step.target.outputs.features[self.modality]).softmax(1) for head in self.heads)
            apart = (first - second).abs().mean()
            reaches: frozenset[Representation] = frozenset({("target", self.modality)})
            terms |= {"apart": Term(-apart, reaches=reaches), "together": Term(apart, reaches=reaches)}
        return terms


class Fooling(Aligner):
    """Adversarial discriminative adaptation (ADDA): a discriminator by itself, and inverted labels to fool it."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        self.modality = layout.modalities[0]
        self.discriminator = nn.Linear(layout.feature_sizes[self.modality], 1)

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        if step.source is None or step.target is None:
            return {}
        source, target = (
            self.discriminator(side.outputs.features[self.modality]) for side in (step.source, step.target)
        )
        softplus = nn.functional.softplus
        tell, fool = softplus(-source).mean() + softplus(target).mean(), softplus(-target).mean()
        return {
            "tell": Term(tell, reaches=frozenset({("source", self.modality), ("target", self.modality)})),
            "fool": Term(fool, reaches=frozenset({("target", self.modality)})),
        }


class JointHead(Fusion):
    """Concatenates features, and owns the head above them, which only the data tell the size of."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        (task,) = layout.tasks
        self.head = nn.Linear(sum(layout.feature_sizes.values()), task.outputs)

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Fuse."""
        features = torch.cat([outputs.features[name] for name in sorted(outputs.features)], dim=1)
        return Fused(features, {"label": self.head(features)})


class ClassEncoder(nn.Module):
    """One vector a class, which fusion, loss and selector share."""

    def __init__(self, size: int = 5, classes: int = 3) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(classes, size))


class AffinityFusion(Fusion):
    """Logits are affinities of features to the shared class vectors, mean over the modalities that are present."""

    classes: ClassEncoder

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        assert isinstance(parts["classes"], ClassEncoder)
        self.classes = parts["classes"]

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Fuse."""
        names = sorted(outputs.features)
        # Absent features are zero.
        mean = torch.stack([outputs.features[name] for name in names]).sum(dim=0) / present.sum(dim=1, keepdim=True)
        return Fused(mean, {"label": mean @ self.classes.vectors.T})


class PullToClasses(Aligner):
    """Draws the features of taught samples to their class vectors (MODfinity's loop, in miniature)."""

    classes: ClassEncoder

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        assert isinstance(parts["classes"], ClassEncoder)
        self.classes = parts["classes"]

    def forward(self, step: Step) -> dict[str, Term]:
        """The terms."""
        if step.target is None or not step.target.lessons:
            return {}
        lesson, features = step.target.lessons["label"], step.target.outputs.features[JOINT]
        distance = (features - self.classes.vectors.detach()[lesson.labels]).square().sum(dim=1)
        reaches = frozenset(key for key in step.representations if key[0] == "target")
        return {"pull": Term((distance * lesson.keep).mean(), weight=0.1, reaches=reaches)}


class StudyingSelector(TeacherSelector):
    """Studies the target before each round: keeps the surer half, and fixes its labels for the round."""

    labels: Tensor
    teacher: Tensor
    studies: Tensor
    classes: ClassEncoder

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make or take weights."""
        assert isinstance(parts["classes"], ClassEncoder)
        self.classes = parts["classes"]
        count = layout.samples["target"]
        self.register_buffer("labels", torch.full((count,), -1))
        self.register_buffer("teacher", torch.full((count,), -2))
        self.register_buffer("studies", torch.zeros((), dtype=torch.int64))

    def study(self, target: Iterable[Side]) -> Tensor:
        """Choose."""
        confidence = torch.zeros(len(self.labels))
        for side in target:
            # By the shared class vectors, so that their training shows here.
            affinity = side.outputs.features[JOINT] @ self.classes.vectors.T
            confidence[side.batch.index], self.labels[side.batch.index] = affinity.softmax(dim=1).max(dim=1)
            self.teacher[side.batch.index] = int(self.studies) % 2
        self.studies += 1
        return confidence >= confidence.sort(descending=True).values[len(confidence) // 2 - 1]

    def forward(self, side: Side) -> dict[str, Lesson]:
        """The lessons."""
        index = side.batch.index
        keep = self.labels[index] >= 0
        return {"label": Lesson(self.labels[index].clamp(min=0), self.teacher[index], keep.float(), keep)}


class KeepNothing(TeacherSelector):
    """Keeps no sample of the target."""

    def study(self, target: Iterable[Side]) -> Tensor:
        """Choose."""
        return torch.zeros(sum(len(side.batch) for side in target), dtype=torch.bool)

    def forward(self, side: Side) -> dict[str, Lesson]:
        """The lessons."""
        return {}


class EqualGradients(Balancer):
    """Weighs terms so that their gradients by the representations are equally long; remembers the lengths' ratio."""

    ratio: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("ratio", torch.zeros(()))

    def forward(self, terms: Mapping[str, Term], representations: Mapping[Representation, Tensor]) -> Tensor:
        """Weigh."""
        inputs = list(representations.values())
        lengths = []
        for term in terms.values():
            gradients = torch.autograd.grad(term.value, inputs, retain_graph=True, materialize_grads=True)
            lengths.append(torch.cat([gradient.flatten() for gradient in gradients]).norm().clamp(min=1e-6))
        self.ratio = (0.5 * self.ratio + 0.5 * lengths[0] / lengths[-1]).detach()
        return torch.stack([term.value / length for term, length in zip(terms.values(), lengths, strict=True)]).sum()


class Mistaken(Aligner):
    """A user's mistake, of one kind or another."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Read a text that is no number, or look for a modality by a wrong name."""
        self.width = {"audio": int(self.text)}["adio"]

    def forward(self, step: Step) -> dict[str, Term]:
        """No terms."""
        return {}
