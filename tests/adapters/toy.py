"""A small real model and real batches to train on."""

from collections.abc import Callable, Mapping

import attrs
import torch
from acclimate.adapters.fused_argmax import FusedArgmax
from acclimate.adapters.late_sum import LateSum
from acclimate.framework.batch import Batch, EncoderInput, Side, Step, Term
from acclimate.framework.interfaces import Aligner, Encoder
from acclimate.framework.layout import DomainSide, Layout
from acclimate.framework.measures.norms import NormTable, norm_table
from acclimate.framework.model import MultimodalModel
from acclimate.framework.testing import DIGIT
from torch import Tensor, nn

SIZE = 6
ROWS = 30
SCALES: Mapping[str, float] = {"audio": 1.0, "image": 2.0, "text": 4.0}


class LinearEncoder(Encoder):
    """One linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = SIZE
        self.layer = nn.Linear(SIZE, SIZE)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        features: Tensor = self.layer(inputs.values)
        return features


@attrs.frozen(eq=False)
class Toy:
    """A model, a labelled source and a shifted target, whose modalities have different scales."""

    model: MultimodalModel
    source: Batch
    target: Batch

    @property
    def layout(self) -> Layout:
        """Of the model."""
        return Layout(self.model.modalities, self.model.tasks, self.model.feature_sizes)

    def side(self, batch: Batch, domain_side: DomainSide) -> Side:
        """Run the model."""
        return Side(batch, self.model(batch.inputs, batch.present, domain_side))

    def step(self, progress: float = 0.5) -> Step:
        """Both sides, with lessons by the fused argmax on the target."""
        selector = FusedArgmax()
        selector.bind(self.layout, {})
        target = self.side(self.target, "target")
        return Step(
            source=self.side(self.source, "source"),
            target=attrs.evolve(target, lessons=selector(target)),
            progress=progress,
        )

    def norms(self, domain_side: DomainSide) -> NormTable:
        """Mean norms of the features now, by true classes."""
        batch = self.source if domain_side == "source" else self.target
        with torch.no_grad():
            features = self.side(batch, domain_side).outputs.features
        labels = torch.arange(ROWS) % DIGIT.outputs
        return norm_table([features[name] for name in self.model.modalities], None, labels, DIGIT.outputs)


def make_toy(modalities: int = 2, target_scale: float = 0.5, target_shift: float = 0.2) -> Toy:
    """Inputs are a noisy one-hot class, larger for later classes; the target's are moved and scaled."""
    names = tuple(SCALES)[:modalities]
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(ROWS) % DIGIT.outputs

    def batch(scale: float, shift: float, *, labelled: bool) -> Batch:
        def draw() -> Tensor:
            noise = 0.3 * torch.randn(ROWS, SIZE, generator=generator)
            return torch.nn.functional.one_hot(labels, SIZE) * (1.0 + labels.unsqueeze(1)) + noise + shift

        return Batch(
            inputs={name: scale * SCALES[name] * draw() for name in names},
            present=torch.ones(ROWS, modalities, dtype=torch.bool),
            domain=torch.zeros(ROWS, dtype=torch.int64),
            index=torch.arange(ROWS),
            ids=tuple(map(str, range(ROWS))),
            labels={DIGIT.name: labels} if labelled else None,
        )

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MultimodalModel({name: LinearEncoder() for name in names}, (DIGIT,), LateSum())
    return Toy(model, batch(1.0, 0.0, labelled=True), batch(target_scale, target_shift, labelled=False))


def train(
    toy: Toy,
    aligner: Aligner,
    choose: Callable[[str], bool] = lambda _: True,
    *,
    steps: int = 300,
    learning_rate: float = 0.02,
) -> list[float]:
    """Train the model, and the Aligner if it has weights, on the chosen terms with SGD; returns the losses."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        aligner.bind(toy.layout, {})
    optimizer = torch.optim.SGD([*toy.model.parameters(), *aligner.parameters()], learning_rate)
    losses = []
    for number in range(steps):
        optimizer.zero_grad()
        terms: Mapping[str, Term] = aligner(toy.step(number / steps))
        loss = torch.stack([term.weighted for name, term in terms.items() if choose(name)]).sum()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return losses
