"""The test kit catches what it is for: each broken part by the promise that it breaks, and by no other."""

import subprocess
import sys
import unittest
from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest
import torch
from acclimate.framework.testing import (
    ALIGNER_PROMISES,
    BALANCER_PROMISES,
    ENCODER_PROMISES,
    FUSION_PROMISES,
    SELECTOR_PROMISES,
    VALIDATOR_PROMISES,
    AlignerCase,
    BalancerCase,
    BrokenPromiseError,
    EncoderCase,
    FusionCase,
    SelectorCase,
    ValidatorCase,
    check_aligner,
    check_balancer,
    check_encoder,
    check_fusion,
    check_selector,
    check_validator,
    make_step,
)
from uses import broken_aligners, broken_encoders, broken_parts, broken_validators
from uses.cross_modal_attention import CrossModalAttention, StepEncoder
from uses.fix_match import FixMatch
from uses.mean_teacher import MeanTeacher
from uses.test_validator import ImportanceWeighted

Case = TypeVar("Case")


def named(argument: object) -> str:
    """A case's name; the promise as it is, and no sentence."""
    return (
        argument.replace(" ", "_")
        if isinstance(argument, str) and len(argument) < 20
        else getattr(argument, "name", "")
    )


def broken(promises: Mapping[str, Callable[[Case], None]], case: Case) -> dict[str, str]:
    """The promises that a part breaks, with the sentences."""
    found = {}
    for name, check in promises.items():
        try:
            check(case)
        except BrokenPromiseError as error:
            found[name] = str(error)
    return found


def assert_breaks_only(promise: str, found: Mapping[str, str], sentence: str) -> None:
    assert found.keys() == {promise}
    with pytest.raises(BrokenPromiseError, match=sentence):
        raise BrokenPromiseError(found[promise])


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_aligners.BROKEN, ids=named)
def test_aligners(promise: str, case: AlignerCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(ALIGNER_PROMISES, case), sentence)


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_encoders.BROKEN, ids=named)
def test_encoders(promise: str, case: EncoderCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(ENCODER_PROMISES, case), sentence)


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_parts.FUSIONS, ids=named)
def test_fusions(promise: str, case: FusionCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(FUSION_PROMISES, case), sentence)


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_parts.SELECTORS, ids=named)
def test_selectors(promise: str, case: SelectorCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(SELECTOR_PROMISES, case), sentence)


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_parts.BALANCERS, ids=named)
def test_balancers(promise: str, case: BalancerCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(BALANCER_PROMISES, case), sentence)


@pytest.mark.parametrize(("promise", "case", "sentence"), broken_validators.BROKEN, ids=named)
def test_validators(promise: str, case: ValidatorCase, sentence: str) -> None:
    assert_breaks_only(promise, broken(VALIDATOR_PROMISES, case), sentence)


def test_every_promise_is_broken_by_somebody() -> None:
    for promises, cases in (
        (ALIGNER_PROMISES, broken_aligners.BROKEN),
        (ENCODER_PROMISES, broken_encoders.BROKEN),
        (FUSION_PROMISES, broken_parts.FUSIONS),
        (SELECTOR_PROMISES, broken_parts.SELECTORS),
        (BALANCER_PROMISES, broken_parts.BALANCERS),
        (VALIDATOR_PROMISES, broken_validators.BROKEN),
    ):
        assert {promise for promise, _, _ in cases} == promises.keys()


def test_sound_parts_pass() -> None:
    check_aligner(broken_aligners.Sound())
    check_aligner(broken_aligners.OnlyPairs(), refuses={"one modality"})
    check_aligner(MeanTeacher, symmetric=False)
    check_encoder(broken_encoders.Flat, broken_encoders.INPUTS)
    check_encoder(broken_encoders.Means(), broken_encoders.INPUTS)
    check_encoder(lambda: StepEncoder(4), broken_encoders.INPUTS)
    check_fusion(broken_parts.Sum())
    check_fusion(CrossModalAttention, intermediate={"steps": (None, 6)}, refuses={"one modality"})
    check_selector(broken_parts.Surest())
    check_balancer(broken_parts.Total())
    check_validator(broken_validators.Sureness)
    check_validator(ImportanceWeighted(), random=True)
    check_balancer(broken_parts.Halving(), keeps_one=False)


def test_aligners_may_look_at_views() -> None:
    case = AlignerCase(lambda: FixMatch(threshold=0.4), "FixMatch", views={"weak": "target", "strong": "target"})
    found = broken(ALIGNER_PROMISES, case)
    assert_breaks_only(
        "separate tasks", found, "FixMatch/consistency: its value changes when a task stands beside others"
    )


def test_an_error_of_the_parts_own_is_told_and_keeps_its_trace() -> None:
    with pytest.raises(BrokenPromiseError, match=r"Failing: raises KeyError\('adio'\) on 9 rows of ") as caught:
        check_aligner(broken_aligners.Failing())
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(BrokenPromiseError, match=r"Pairs: bind raises IndexError.* on a layout of one modality"):
        check_aligner(broken_aligners.Pairs)


def test_it_works_under_unittest() -> None:
    class Sound(unittest.TestCase):
        def test_promises(self) -> None:
            check_aligner(broken_aligners.Unmasked())

    result = unittest.TestResult()
    Sound("test_promises").run(result)
    assert not result.errors
    ((_, trace),) = result.failures
    assert "BrokenPromiseError: Unmasked/source/audio: its value changes when" in trace


def test_it_imports_no_test_runner_and_torch_only_when_it_is_used() -> None:
    code = (
        "import sys, acclimate.framework.testing as kit; a = 'torch' in sys.modules; kit.check_aligner; kit.make_step()"
    )
    checked = f"{code}; print(a, 'torch' in sys.modules, 'pytest' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", checked], check=True, capture_output=True, text=True).stdout
    assert printed.split() == ["False", "True", "False"]


def test_steps_are_made_with_little() -> None:
    step = make_step(("video", "audio"), rows=8, width=4, present=torch.tensor([[True, True], [False, True]]), seed=1)
    assert step.source is not None
    assert step.target is not None
    assert step.source.batch.modalities == ("audio", "video")
    assert step.target.batch.has("audio").tolist() == [True, False] * 4
    assert step.target.batch.labels is None
    assert step.target.lessons["digit"].labels.shape == (8,)
    step.source.outputs.joint_logits("digit").sum().backward()
    gradient = step.source.outputs.features["audio"].grad
    assert gradient is not None
    assert gradient.any(dim=1).tolist() == [True, False] * 4
    assert make_step(sides=("source",)).target is None
