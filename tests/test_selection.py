"""Choosing without target labels: what each score sees, what it does not, and the rule."""

import math
from collections.abc import Mapping, Sequence

import attrs
import pytest
import torch
from acclimate.framework import JOINT, Batch, Candidate, Outputs, RunError, Selection, Side, Task
from acclimate.framework.recipes.class_paths import import_class
from acclimate.framework.recipes.class_spec import ClassSpec
from acclimate.framework.recipes.selection import OF_EVERY_RUN, VALIDATORS
from acclimate.framework.training.monitor import Record
from acclimate.framework.training.selection import make_validators, newest_is_best, validate
from acclimate.framework.validators import SourceScore, Validator
from acclimate.framework.validators.information_maximisation import information_maximisation
from acclimate.framework.validators.modality_agreement import class_agreement, cohen_kappa, modality_agreement
from acclimate.framework.validators.soft_neighbourhood_density import soft_neighbourhood_density
from torch import Tensor

CLASSES = 10
SAMPLES = 400
TASK = Task("digit", tuple(map(str, range(CLASSES))))
LABELS = torch.arange(SAMPLES) % CLASSES


def predict(classes: Tensor, sureness: float) -> Tensor:
    """Logits `(N, 10)` of predictions that are this sure."""
    return sureness * torch.nn.functional.one_hot(classes, CLASSES).float()


def noisy(classes: Tensor, right: float, seed: int = 0) -> Tensor:
    """Classes of which this share is kept; the others are drawn anew."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(CLASSES, classes.shape, generator=generator)
    return torch.where(torch.rand(classes.shape, generator=generator) < right, classes, drawn)


def make_side(logits: Mapping[str, Tensor], present: Tensor | None = None, labels: Tensor | None = None) -> Side:
    """A split of which only logits matter."""
    names, samples = sorted(set(logits) - {JOINT}), len(logits[JOINT])
    features = {name: torch.zeros(samples, 1) for name in logits}
    return Side(
        Batch(
            inputs={name: torch.zeros(samples, 1) for name in names},
            present=torch.ones(samples, len(names), dtype=torch.bool) if present is None else present,
            domain=torch.zeros(samples, dtype=torch.int64),
            index=torch.arange(samples),
            ids=tuple(map(str, range(samples))),
            labels=None if labels is None else {TASK.name: labels},
        ),
        Outputs(features=features, logits={TASK.name: dict(logits)}, task_features={TASK.name: features}),
    )


def target_scores(side: Side, task: Task = TASK) -> dict[str, float]:
    """What every run's Validators say of a target."""
    return validate(make_validators(Selection(), "small"), Candidate(side, side), [task])


def source_score(side: Side, task: Task = TASK) -> float:
    (score,) = SourceScore().score([Candidate(side)], task)
    return score


def accuracy(logits: Tensor) -> float:
    return (logits.argmax(dim=1) == LABELS).double().mean().item()


COLLAPSED = predict(torch.full((SAMPLES,), 3), sureness=30)
# Each class is called by the next one's name: sure, even, and always wrong.
WRONG = predict((LABELS + 1) % CLASSES, sureness=30)
HONEST = predict(noisy(LABELS, 0.85), sureness=4)


def test_information_maximisation_is_lowest_for_a_collapse_and_at_its_bounds_where_it_should_be() -> None:
    assert information_maximisation(COLLAPSED) == pytest.approx(0, abs=1e-9)
    assert information_maximisation(torch.zeros(SAMPLES, CLASSES)) == pytest.approx(0, abs=1e-9)
    assert information_maximisation(predict(LABELS, 100)) == pytest.approx(math.log(CLASSES))
    assert 0 < information_maximisation(HONEST) < math.log(CLASSES)


def test_information_maximisation_prefers_sure_and_even_errors_to_an_honest_model() -> None:
    """Why it must not choose among checkpoints of a run that maximises it: it sees no wrong cluster, only sureness."""
    assert accuracy(WRONG) == 0
    assert accuracy(HONEST) > 0.8
    assert information_maximisation(WRONG) > information_maximisation(HONEST)
    assert information_maximisation(WRONG) == pytest.approx(math.log(CLASSES), abs=1e-6)


def test_maximising_information_by_gradient_raises_the_score_and_not_the_accuracy() -> None:
    """The same on a run: logits of random guesses, trained on the score alone, reach its maximum and stay guesses."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(SAMPLES, CLASSES, generator=generator).requires_grad_()
    before, score_before = accuracy(logits), information_maximisation(logits)
    for _ in range(300):
        probabilities = logits.softmax(dim=1)
        entropy = torch.special.entr(probabilities).sum(dim=1).mean()
        diversity = torch.special.entr(probabilities.mean(dim=0)).sum()
        (gradient,) = torch.autograd.grad(diversity - entropy, logits)
        with torch.no_grad():
            logits += 50 * gradient
    assert score_before < 0.5
    assert information_maximisation(logits) > max(0.95 * math.log(CLASSES), information_maximisation(HONEST))
    assert abs(accuracy(logits) - before) < 0.05
    assert accuracy(logits) < 0.2


def test_soft_neighbourhood_density_does_not_see_a_collapse() -> None:
    assert soft_neighbourhood_density(COLLAPSED) == pytest.approx(math.log(SAMPLES - 1))
    assert soft_neighbourhood_density(COLLAPSED) > soft_neighbourhood_density(predict(LABELS, 30))


def test_soft_neighbourhood_density_counts_close_neighbours() -> None:
    """Ten tight clusters of 40: each sample has 39 neighbours at similarity 1, and 360 at similarity 0."""
    close, far = 39 * math.exp(1 / 0.05), 360
    near_share = close / (close + far)
    expected = near_share * math.log((close + far) / math.exp(1 / 0.05)) + (1 - near_share) * math.log(close + far)
    assert soft_neighbourhood_density(predict(LABELS, 1000)) == pytest.approx(expected)
    scattered = torch.randn(SAMPLES, CLASSES, generator=torch.Generator().manual_seed(0)) * 3
    assert soft_neighbourhood_density(scattered) < expected


def test_soft_neighbourhood_density_of_a_large_split_looks_at_a_part_of_it() -> None:
    assert soft_neighbourhood_density(predict(torch.arange(50_000) % CLASSES, 1000)) == pytest.approx(
        math.log(2000 / CLASSES - 1), abs=0.01
    )
    assert soft_neighbourhood_density(HONEST[:1]) == 0


def agreement(first: Tensor, second: Tensor, joint: Tensor | None = None, present: Tensor | None = None) -> float:
    """Of two modalities, whose sum is the joint prediction."""
    logits = {"audio": first, "video": second, JOINT: first + second if joint is None else joint}
    return modality_agreement(make_side(logits, present), TASK.name)


def test_agreement_is_one_where_all_agree_and_none_by_chance() -> None:
    sure = predict(LABELS, 5)
    assert agreement(sure, sure) == pytest.approx(1)
    guesses = [predict(noisy(LABELS, 0, seed), 1) for seed in (1, 2, 3)]
    assert abs(agreement(guesses[0], guesses[1], guesses[2])) < 0.06


def test_agreement_grows_with_how_right_the_modalities_are() -> None:
    found = [
        agreement(predict(noisy(LABELS, right, 1), 5), predict(noisy(LABELS, right, 2), 4)) for right in (0.2, 0.5, 0.9)
    ]
    assert found == sorted(found)
    assert found[2] - found[0] > 0.2


def test_agreement_is_zero_for_a_collapse() -> None:
    assert agreement(COLLAPSED, COLLAPSED) == 0
    assert agreement(HONEST, 0 * HONEST, COLLAPSED) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_agreement_on_few_classes_is_low(kept: int) -> None:
    """A collapse in part: all modalities agree, but on some of the classes only."""
    few = predict(LABELS % kept, 5)
    assert agreement(few, few) <= kept / CLASSES


def test_agreement_of_a_collapse_with_a_straggler_is_low() -> None:
    straggling = COLLAPSED.clone()
    straggling[7] = predict(torch.tensor([5]), 30)
    assert agreement(straggling, straggling) <= 2 / CLASSES


def test_agreement_does_not_see_errors_that_all_modalities_share() -> None:
    assert agreement(WRONG, WRONG) == pytest.approx(1)


def test_agreement_looks_at_the_samples_that_have_the_modality() -> None:
    right, absent = predict(LABELS, 5), torch.zeros(SAMPLES, CLASSES)
    has_video = torch.arange(SAMPLES) < 300
    video = torch.where(has_video.unsqueeze(1), right, absent)
    present = torch.stack([torch.ones(SAMPLES, dtype=torch.bool), has_video], dim=1)
    assert agreement(right, video, present=present) == pytest.approx(1)
    assert agreement(right, video) < 0.9


def test_kappa_by_hand() -> None:
    # 20 of 25 agree on yes, 15 of 25 on no: the textbook's table, with kappa 0.4.
    first = torch.tensor([True] * 25 + [False] * 25)
    second = torch.tensor([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, ~first) == pytest.approx(-1)
    assert cohen_kappa(first | True, second | True) == 0
    # Of two classes, each against the other, both have this kappa.
    assert class_agreement(first.long(), second.long(), classes=2) == pytest.approx(0.4)


def test_the_source_score_is_the_accuracy() -> None:
    side = make_side({"audio": HONEST, JOINT: HONEST}, labels=LABELS)
    assert source_score(side) == pytest.approx(accuracy(HONEST))
    with pytest.raises(ValueError, match="side must be labelled, but has no labels"):
        source_score(make_side({"audio": HONEST, JOINT: HONEST}))


def test_a_score_is_the_mean_over_tasks_and_a_regression_has_none_on_the_target() -> None:
    digits, side = make_side({"audio": HONEST, JOINT: HONEST}, labels=LABELS), make_side({"audio": WRONG, JOINT: WRONG})
    other, ages = Task("next", TASK.classes), Task("age")
    logits = {**digits.outputs.logits, "next": side.outputs.logits["digit"], "age": {JOINT: torch.zeros(SAMPLES, 1)}}
    labels = {"digit": LABELS, "next": LABELS, "age": torch.full((SAMPLES,), 2.0)}
    both = Side(attrs.evolve(digits.batch, labels=labels), Outputs({}, logits, {}))
    found = validate({"source": SourceScore()}, Candidate(both), [TASK, other, ages])
    assert found["source"] == pytest.approx((accuracy(HONEST) + 0 - 2) / 3)
    unlabelled = Side(digits.batch, Outputs({}, {"age": logits["age"]}, {}))
    assert target_scores(unlabelled, ages) == {}


def test_source_score_of_a_regression_is_minus_the_error() -> None:
    task = Task("valence")
    side = make_side({"audio": torch.zeros(4, 1), JOINT: torch.tensor([[1.0], [2.0], [3.0], [4.0]])})
    labels = {"valence": torch.tensor([1.0, 1.0, 1.0, 1.0])}
    batch = Batch(side.batch.inputs, side.batch.present, side.batch.domain, side.batch.index, side.batch.ids, labels)
    outputs = Outputs(side.outputs.features, {"valence": side.outputs.logits["digit"]}, {})
    assert source_score(Side(batch, outputs), task) == pytest.approx(-1.5)
    assert target_scores(Side(batch, outputs), task) == {}


def test_all_target_scores_are_given_by_name() -> None:
    side = make_side({"audio": HONEST, "video": WRONG, JOINT: HONEST})
    found = target_scores(side)
    assert found["information_maximisation"] == pytest.approx(information_maximisation(HONEST))
    assert found["modality_agreement"] == pytest.approx(modality_agreement(side, TASK.name))
    assert set(found) == set(OF_EVERY_RUN)


def choose(history: Sequence[Record | tuple[float, float]], selection: Selection) -> int:
    """Which record, or (source score, agreement), is kept in the end, as the loop sees them one by one."""
    records = [
        found if isinstance(found, Record) else Record(epoch, "only", found[0], {"modality_agreement": found[1]}, {})
        for epoch, found in enumerate(history)
    ]
    kept = 0
    for seen in range(1, len(records) + 1):
        if newest_is_best(records[:seen], kept, selection):
            kept = seen - 1
    return kept


BY_AGREEMENT = Selection("modality_agreement", tolerance=0.05)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([(0.5, 0.1)], 0),
        ([(0.9, 0.1), (0.9, 0.3), (0.9, 0.2)], 1),
        # The highest target score lies too far below the best source accuracy, be it seen before or after.
        ([(0.9, 0.1), (0.8, 0.9), (0.9, 0.2)], 2),
        ([(0.5, 0.9), (0.9, 0.1)], 1),
        # Within the tolerance.
        ([(0.9, 0.1), (0.86, 0.3)], 1),
        # The first of equals.
        ([(0.9, 0.3), (0.9, 0.3)], 0),
        ([(0.88, 0.3), (0.9, 0.3)], 0),
    ],
)
def test_highest_target_score_near_the_best_source_accuracy(history: list[tuple[float, float]], expected: int) -> None:
    assert choose(history, BY_AGREEMENT) == expected


def test_source_accuracy_alone_takes_the_first_of_the_best() -> None:
    assert choose([(0.8, 0.9), (0.9, 0.1), (0.9, 0.5), (0.85, 0.8)], Selection("source_accuracy")) == 1


def test_without_a_target_source_accuracy_counts() -> None:
    records = [Record(epoch, "only", source, {}, {}) for epoch, source in enumerate((0.8, 0.9))]
    assert newest_is_best(records, 0, BY_AGREEMENT)
    assert not newest_is_best([*records, Record(2, "only", 0.89, {}, {})], 1, BY_AGREEMENT)


def test_a_score_of_another_name_is_no_score() -> None:
    """As of a run that was gone on with by another rule: the source counts."""
    records = [Record(epoch, "only", source, {"other": 1 - source}, {}) for epoch, source in enumerate((0.8, 0.9))]
    assert newest_is_best(records, 0, BY_AGREEMENT)


def test_a_checkpoint_with_the_score_is_better_than_one_without() -> None:
    """As of a stage that teaches after one that does not."""
    without, scored = Record(0, "source", 0.9, {}, {}), Record(1, "both", 0.9, {"modality_agreement": -1.0}, {})
    assert newest_is_best([without, scored], 0, BY_AGREEMENT)
    assert not newest_is_best([scored, attrs.evolve(without, source_score=0.95)], 0, BY_AGREEMENT)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("modality_agreement", "honest"),
        ("soft_neighbourhood_density", "collapsed"),
        ("information_maximisation", "wrong"),
    ],
)
def test_what_each_score_chooses_where_the_source_is_unharmed(score: str, expected: str) -> None:
    """An honest model, one that collapsed on the target, and one that is sure, even and wrong, modalities apart."""
    apart = predict(LABELS.flip(0), 20)
    sides = {
        "honest": make_side({"audio": HONEST, "video": predict(noisy(LABELS, 0.8, 5), 3), JOINT: HONEST}),
        "collapsed": make_side({"audio": COLLAPSED, "video": COLLAPSED, JOINT: COLLAPSED}),
        "wrong": make_side({"audio": WRONG, "video": apart, JOINT: WRONG + apart}),
    }
    records = [Record(epoch, "only", 0.9, target_scores(side), {}) for epoch, side in enumerate(sides.values())]
    assert list(sides)[choose(records, Selection(score))] == expected


def test_an_unknown_score_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"score must be one of source_accuracy, .*, but got 'luck'"):
        Selection("luck")
    for score in ("source_accuracy", *OF_EVERY_RUN):
        assert Selection(score).name == score


@pytest.mark.parametrize("short", VALIDATORS)
def test_a_short_name_is_of_a_validator_that_is_asked_where_it_is_named(short: str) -> None:
    validator = import_class(ClassSpec(VALIDATORS[short]), "selection.score")
    assert issubclass(validator, Validator)
    named = Selection(also=(short,))
    assert set(named.own) == {short} - {"source_accuracy", *OF_EVERY_RUN}
    if validator.least_candidates == 1:
        assert set(make_validators(named, "small")) == {*OF_EVERY_RUN, *named.own}


def test_inputs_that_cannot_be_had_are_said_to_be_missing() -> None:
    """As of a loader of the user's own."""
    side = make_side({"audio": HONEST, JOINT: HONEST}, labels=LABELS)
    asked = make_validators(Selection("mixval"), "small")
    with pytest.raises(RunError, match="MixVal asks the model of other inputs than the target's"):
        validate(asked, Candidate(side, side), [TASK])
