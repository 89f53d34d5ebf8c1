"""Whether adapting did harm, told without labels: by what all heads say together, and by a collapse."""

from pathlib import Path

import pytest
import torch
from acclimate.framework import JOINT, Batch, Outputs, Side, Task, adapt_table, read_recipe
from acclimate.framework.commands.adapt import report
from acclimate.framework.data import read_table
from acclimate.framework.evaluation.intervals import Interval
from acclimate.framework.experiments.comparison import source_only
from acclimate.framework.experiments.negative_transfer import Gain, estimate_gain, find_harm
from acclimate.framework.runs.run_folder import read_json
from torch import Tensor

from .small import make_experiment, write_table

TASK = Task("digit", ("one", "two", "three"))
LABELS = torch.arange(120) % 3
IM = "information_maximisation"
SMALL = {
    "model.encoders": {"features": {"class_path": "acclimate.framework.encoders.MLP"}},
    "stages.0.epochs": 1,
    "training.batch_size": 8,
}


def noisy(right: float, seed: int) -> Tensor:
    """Classes of which this share is kept; the others are drawn anew."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(3, LABELS.shape, generator=generator)
    return torch.where(torch.rand(LABELS.shape, generator=generator) < right, LABELS, drawn)


def make_side(joint: Tensor, *heads: Tensor) -> Side:
    names = [f"m{index}" for index in range(len(heads))]
    logits = {name: 3.0 * torch.eye(3)[told] for name, told in zip([*names, JOINT], [*heads, joint], strict=True)}
    batch = Batch(
        {name: torch.zeros(len(joint), 0) for name in names},
        torch.ones(len(joint), len(names), dtype=torch.bool),
        torch.zeros(len(joint), dtype=torch.int64),
        torch.arange(len(joint)),
        tuple(map(str, range(len(joint)))),
    )
    return Side(batch, Outputs({}, {"digit": logits}, {}))


GOOD = make_side(noisy(0.95, 1), noisy(0.9, 2), noisy(0.85, 3))
FAIR = make_side(noisy(0.7, 4), noisy(0.7, 5), noisy(0.6, 6))
COLLAPSED = make_side(torch.zeros_like(LABELS), noisy(0.6, 7), torch.zeros_like(LABELS))


def accuracy(side: Side) -> float:
    return (side.outputs.joint_logits("digit").argmax(dim=1) == LABELS).double().mean().item()


@pytest.mark.parametrize("pair", [(GOOD, FAIR), (FAIR, GOOD), (COLLAPSED, FAIR), (COLLAPSED, GOOD)])
def test_the_gain_is_about_what_labels_say(pair: tuple[Side, Side]) -> None:
    gain = estimate_gain(*pair, TASK)
    assert gain.value == pytest.approx(accuracy(pair[0]) - accuracy(pair[1]), abs=0.12)
    assert gain.interval.low <= gain.value <= gain.interval.high
    assert gain.interval.low * gain.value > 0 or gain.interval.high * gain.value > 0


def test_further_models_are_further_witnesses() -> None:
    others = [make_side(noisy(0.9, seed), noisy(0.8, seed + 1)) for seed in (20, 30, 40)]
    alone, helped = estimate_gain(COLLAPSED, FAIR, TASK), estimate_gain(COLLAPSED, FAIR, TASK, others=others)
    expected = accuracy(COLLAPSED) - accuracy(FAIR)
    assert abs(helped.value - expected) <= abs(alone.value - expected) + 0.01
    assert helped.value == pytest.approx(expected, abs=0.05)


def test_rows_of_a_group_are_drawn_together() -> None:
    single = estimate_gain(GOOD, FAIR, TASK)
    whole = estimate_gain(GOOD, FAIR, TASK, ["speaker"] * len(LABELS))
    assert [whole.interval.low, whole.interval.high] == pytest.approx([whole.value] * 2)
    assert single.interval.high - single.interval.low > 0.05
    apart = estimate_gain(GOOD, FAIR, TASK, [None] * len(LABELS))
    assert [apart.interval.low, apart.interval.high] == pytest.approx([single.interval.low, single.interval.high])


@pytest.mark.parametrize(
    ("gain", "scores", "told"),
    [
        (0.1, (0.5, 0.5), ()),
        (0.1, (0.17, 0.5), ()),
        (0.1, (0.16, 0.5), ("have collapsed: information_maximisation is 0.160, below a third of",)),
        (-0.2, (0.5, 0.5), ("all heads together say that it gives 0.200 less accuracy than source-only on digit",)),
        (-0.2, (0.1, 0.5), ("all heads", "have collapsed")),
    ],
)
def test_harm_is_said_in_words(gain: float, scores: tuple[float, float], told: tuple[str, ...]) -> None:
    found = find_harm([Gain("digit", gain, Interval(gain - 0.1, gain + 0.1))], {IM: scores[0]}, {IM: scores[1]})
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))
    assert find_harm([], {}, {}) == ()


def test_adapt_says_what_was_gained(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path))
    compared = adapt_table(make_experiment(table, read_recipe("coral", SMALL)), tmp_path / "run")
    (gain,) = compared.gains
    assert f"estimated gain over source-only on label: {gain}" in report(compared, tmp_path / "run")
    (stored,) = read_json(tmp_path / "run" / "summary.json")["estimated_gain"]
    assert stored["value"] == pytest.approx(gain.value)
    # A source-only run of an earlier command is asked as one that is trained beside.
    earlier = tmp_path / "earlier"
    adapt_table(make_experiment(table, source_only(read_recipe("coral", SMALL))), earlier, reference=None)
    again = adapt_table(make_experiment(table, read_recipe("coral", SMALL)), tmp_path / "again", reference=earlier)
    assert again.gains[0].value == pytest.approx(gain.value)
    alone = adapt_table(make_experiment(table, read_recipe("coral", SMALL)), tmp_path / "alone", reference=None)
    assert alone.gains == ()
