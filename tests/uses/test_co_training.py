"""Two modalities teach each other: a lesson for each student (change 8)."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.adapters import Supervised
from acclimate.framework import JOINT, Layout, Side, Step, Table, Task, adapt_table, read_recipe
from acclimate.framework.data.builtin.wrist import CLASSES
from acclimate.framework.experiments.experiment import Experiment
from loop.small import metrics
from torch.nn.functional import cross_entropy

RECIPE = read_recipe(
    "source-only",
    {
        "aligners.classification.init_args": {"heads": ["joint", "modalities"], "pseudo_heads": ["modalities"]},
        "selector": {"class_path": "uses.co_training.CoTraining", "init_args": {"share": 0.25}},
        "stages": [{"name": "co-training", "epochs": 2}],
        "training.batch_size": 16,
    },
)


@pytest.fixture(scope="module")
def target(arms: Table) -> Side:
    """A target batch with its lessons."""
    experiment = Experiment(RECIPE, arms, "right_arm", "left_arm")
    schema, domains = experiment.open()
    assert domains.target is not None
    method = experiment.build(RECIPE, schema, domains)
    return method.teach(method.look(next(domains.target.epoch(0)), "target"))


def supervise(target: Side, *heads: str, label_smoothing: float = 0.0) -> dict[str, torch.Tensor]:
    supervised = Supervised(pseudo_heads=heads, label_smoothing=label_smoothing)
    modalities = target.batch.modalities
    supervised.bind(Layout(modalities, (Task("label", CLASSES),), dict.fromkeys(modalities, 64)), {})
    return {name: term.value for name, term in supervised(Step(target=target)).items()}


def test_each_learns_what_the_other_is_sure_of(target: Side) -> None:
    losses = supervise(target, "modalities")
    for student, teacher in (("accelerometer", "gyroscope"), ("gyroscope", "accelerometer")):
        probabilities = target.outputs.logits["label"][teacher].softmax(dim=1)
        surest = probabilities.max(dim=1).values.topk(4).indices
        logits = target.outputs.logits["label"][student][surest]
        torch.testing.assert_close(losses[f"target/{student}"], cross_entropy(logits, probabilities[surest].argmax(1)))


def test_a_head_without_a_lesson_of_its_own_takes_the_common_one(target: Side) -> None:
    lesson = target.lessons["label"]
    assert lesson.for_student(JOINT) is lesson
    logits = target.outputs.joint_logits("label")[lesson.keep]
    torch.testing.assert_close(
        supervise(target, JOINT)["target/joint"], cross_entropy(logits, lesson.labels[lesson.keep])
    )


def test_soft_lessons_of_a_mean_of_both(target: Side) -> None:
    logits = target.outputs.logits["label"]
    soft = torch.stack([values.detach().softmax(dim=1) for values in logits.values()]).mean(dim=0)
    lesson = attrs.evolve(target.lessons["label"], soft=soft, by_student={})
    losses = supervise(attrs.evolve(target, lessons={"label": lesson}), "gyroscope", label_smoothing=0.1)
    smooth = 0.9 * soft + 0.1 / soft.shape[1]
    by_hand = -(smooth * logits["gyroscope"].log_softmax(dim=1)).sum(dim=1)[lesson.keep].mean()
    torch.testing.assert_close(losses["target/gyroscope"], by_hand)


def test_our_loop_trains_by_them(arms: Table, tmp_path: Path) -> None:
    adapt_table(Experiment(RECIPE, arms, "right_arm", "left_arm"), tmp_path / "run", reference=None)
    steps = [row["losses"] for row in metrics(tmp_path / "run") if row["kind"] == "step"]
    assert steps
    assert all(
        losses[f"classification/target/{name}"] > 0 for losses in steps for name in ("accelerometer", "gyroscope")
    )
