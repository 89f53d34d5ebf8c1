"""What OSAN's tensor alignment learns from pairs made at random, by class, and by nearest neighbour.

    python benchmarks/osan_pairing.py

Prints the two tables of docs/osan.md. Data are drawn: six classes, each modality's class means and noise in 16 numbers.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import attrs
import torch
from acclimate.adapters.canonical_correlation import canonical_correlation
from acclimate.adapters.pairing import Pairing, pair_sides, random_pairs
from acclimate.adapters.tensor_projections import TensorProjections
from acclimate.framework.batch import JOINT_TEACHER, Batch, Lesson, Outputs, Side, Step
from acclimate.framework.layout import JOINT, DomainSide, Layout, Task
from torch import Tensor

Shift: TypeAlias = Literal["moved", "rotated"]
"""Target class means are the source's plus noise, or the source's turned at random in each modality."""

TASK = Task("class", tuple("abcdef"))
WIDTH, NOISE = 16, 0.5


@attrs.frozen(eq=False)
class Clusters:
    """Class means by side and modality."""

    means: Mapping[DomainSide, Mapping[str, Tensor]]
    generator: torch.Generator

    @property
    def layout(self) -> Layout:
        """Modalities and the task."""
        names = tuple(self.means["source"])
        return Layout(names, (TASK,), dict.fromkeys(names, WIDTH))

    def draw(self, domain_side: DomainSide, rows: int) -> Side:
        """A batch; the target's lessons are its true classes."""
        classes = torch.randint(TASK.outputs, (rows,), generator=self.generator)
        features = {
            name: means[classes] + NOISE * torch.randn(rows, WIDTH, generator=self.generator)
            for name, means in self.means[domain_side].items()
        }
        present = torch.ones(rows, len(features), dtype=torch.bool)
        ids = tuple(map(str, range(rows)))
        inputs = {name: values[:, :1] for name, values in features.items()}
        batch = Batch(inputs, present, torch.zeros_like(classes), torch.arange(rows), ids, {TASK.name: classes})
        lesson = Lesson(classes, torch.full_like(classes, JOINT_TEACHER), torch.ones(rows), present[:, 0])
        joint = torch.cat([*features.values()], dim=1)
        return Side(batch, Outputs({**features, JOINT: joint}, {}, {}), {TASK.name: lesson})


def make_clusters(modalities: int, shift: Shift, seed: int) -> Clusters:
    """Clusters of so many modalities."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    source = {name: draw(TASK.outputs, WIDTH) for name in ("audio", "image", "text")[:modalities]}
    target = {
        name: means @ torch.linalg.qr(draw(WIDTH, WIDTH))[0] if shift == "rotated" else means + 0.5 * draw(*means.shape)
        for name, means in source.items()
    }
    return Clusters({"source": source, "target": target}, generator)


def train_projections(clusters: Clusters, pairing: Pairing, steps: int = 150, batch: int = 48) -> TensorProjections:
    """U and V after so many steps, with five directions a modality."""
    layout = clusters.layout
    projections = TensorProjections(dict.fromkeys(layout.modalities, 5))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        projections.bind(layout, {})
    for _ in range(steps):
        source, target = clusters.draw("source", batch), clusters.draw("target", batch)
        step = Step(source, target, generator=clusters.generator)
        projections.update(source, target, pair_sides(pairing, step, layout))
    return projections


def similarities(projections: TensorProjections, clusters: Clusters, rows: int = 600) -> tuple[float, float]:
    """Mean inner product of new source and target tensors of the same class, and of different classes.

    Relative to the tensors' root mean square norms: 1 if all tensors of a class are the same.
    """
    sides: tuple[DomainSide, DomainSide] = ("source", "target")
    drawn = [clusters.draw(domain_side, rows) for domain_side in sides]
    vectors = [
        projections.project(
            projections.centre(side.outputs.features, side.batch.present, domain_side), side.batch.present, domain_side
        )
        for domain_side, side in zip(sides, drawn, strict=True)
    ]
    inner = torch.ones(rows, rows)
    scale = torch.ones(2, rows)
    for name in projections.modes:
        inner *= vectors[0][name] @ vectors[1][name].T
        scale *= torch.stack([values[name].square().sum(dim=1) for values in vectors])
    inner /= scale.mean(dim=1).prod().sqrt()
    source, target = (side.lessons[TASK.name].labels for side in drawn)
    same = source.unsqueeze(1) == target.unsqueeze(0)
    return inner[same].mean().item(), inner[~same].mean().item()


def noise_correlation(rows: int, seed: int) -> float:
    """Mean of the two largest canonical correlations of independent Gaussians in 16 numbers, paired at random."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(rows, WIDTH, generator=generator).double() for _ in range(2))
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    y = random_pairs(rows, rows, generator).double() @ y
    return canonical_correlation(x.T @ x / rows, x.T @ y / rows, y.T @ y / rows, 1e-9)[2][:2].mean().item()


def tables(seeds: int = 5) -> Iterator[str]:
    """Rows of Markdown."""
    yield "| pairs | mean top-2 canonical correlation of independent Gaussians |\n|---|---|"
    for rows in (32, 64, 256, 1024):
        yield f"| {rows} | {sum(noise_correlation(rows, seed) for seed in range(seeds)) / seeds:.2f} |"
    yield "\n| shift | modalities | pairing | same class | other class |\n|---|---|---|---|---|"
    for shift in get_args(Shift):
        for modalities in (1, 2, 3):
            for pairing in get_args(Pairing):
                found = []
                for seed in range(seeds):
                    clusters = make_clusters(modalities, shift, seed)
                    found.append(similarities(train_projections(clusters, pairing), clusters))
                same, other = (sum(values) / seeds for values in zip(*found, strict=True))
                yield f"| {shift} | {modalities} | {pairing} | {same:.2f} | {other:.2f} |"


if __name__ == "__main__":
    for row in tables():
        print(row)
