"""Corruptions as cells and options write them."""

import warnings

import attrs
import pytest
from acclimate.framework import DataError
from acclimate.framework.data.corruptions.calls import LONGEST
from acclimate.framework.data.corruptions.chain import parse_chain, write_chain
from acclimate.framework.data.corruptions.plan import leaves_severity_open, parse_plan, parse_steps
from acclimate.framework.data.corruptions.presets import PRESETS
from acclimate.framework.data.corruptions.registry import CORRUPTIONS, make_corruption

KNOWN = ", ".join(CORRUPTIONS)
FORM = "corruptions are written as 'name(argument=number) + name(argument=number)', such as 'gaussian_noise(std=0.3)'"
IN_CELLS = sorted(name for name, known in CORRUPTIONS.items() if known.stage != "table")


@pytest.mark.parametrize("name", IN_CELLS)
@pytest.mark.parametrize("severity", [1, 5])
def test_a_cell_says_all_of_a_corruption(name: str, severity: int) -> None:
    (step,) = parse_plan(f"a={name}(severity={severity})", seed=17).steps
    cell = write_chain((step.corruption,))
    assert parse_chain(cell) == (step.corruption,)
    assert cell.startswith(f"{name}(")
    assert cell.endswith("seed=17)")


def test_corruptions_follow_each_other() -> None:
    chain = parse_chain(" brightness(factor=0.25)+gaussian_noise( std = 1e-1 ,seed=3 ) + audio_noise(std=1, clip=True)")
    assert [type(corruption).__name__ for corruption in chain] == ["Brightness", "GaussianNoise", "AudioNoise"]
    assert write_chain(chain) == (
        "brightness(factor=0.25, seed=0) + gaussian_noise(std=0.1, seed=3) + audio_noise(std=1.0, clip=True, seed=0)"
    )
    assert parse_chain(write_chain(chain)) == chain
    assert parse_chain("gaussian_snr(snr_db=-3.5)") == (make_corruption("gaussian_snr", {"snr_db": -3.5}),)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", f"{FORM}, but got ''."),
        ("0.3", f"{FORM}, but got '0.3'."),
        ("gaussian_noise(0.3)", f"{FORM}, but got 'gaussian_noise(0.3)'."),
        ("gaussian_noise(std=0.3", f"{FORM}, but got 'gaussian_noise(std=0.3'."),
        ("gaussian_noise(std=0.3) - brightness(factor=1)", None),
        ("gaussian_noise(std=open('x'))", f"{FORM}, but got \"gaussian_noise(std=open('x'))\"."),
        ("gaussian_noise(std='0.3')", f"{FORM}, but got \"gaussian_noise(std='0.3')\"."),
        ("gaussian_noise(**{'std': 1})", f"{FORM}, but got \"gaussian_noise(**{{'std': 1}})\"."),
        ("numpy.save(a=1)", f"{FORM}, but got 'numpy.save(a=1)'."),
        ("(" * LONGEST, None),
        ("gaussian_noise + " * 300 + "brightness", None),
        ("\0", None),
        (
            "gausian_noise(std=1)",
            f"a corruption must be one of {KNOWN}, but got 'gausian_noise'; did you mean 'gaussian_noise'?",
        ),
        ("fog", f"a corruption must be one of {KNOWN}, but got 'fog'."),
        ("gaussian_noise", "gaussian_noise: the argument 'std' must be given, but is missing."),
        ("gaussian_noise(std=1, sd=2)", "gaussian_noise: arguments are seed, std, but got 'sd'."),
        ("gaussian_noise(std=-1)", "gaussian_noise: std must not be negative, but got -1.0."),
        ("gaussian_noise(std=1e999)", "gaussian_noise: std must be a finite number, but got inf."),
        ("gaussian_noise(std=True)", "gaussian_noise: std must be a finite number, but got True."),
        ("gaussian_noise(std=1, seed=-1)", "gaussian_noise: seed must be a whole number and not negative, but got -1."),
        (
            "gaussian_noise(std=1, seed=0.5)",
            "gaussian_noise: seed must be a whole number and not negative, but got 0.5.",
        ),
        ("audio_noise(std=1, clip=1)", None),
        ("drop", "drop empties the cell itself, so it cannot be named beside one."),
        (
            "gaussian_noise(std=1) + gaussian_noise(std=2)",
            "a corruption must stand once, but 'gaussian_noise' stands 2 times.",
        ),
        ("gaussian_noise(std=1, share=0.5)", "gaussian_noise: arguments are seed, std, but got 'share'."),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_in_one_line(cell: str, message: str | None) -> None:
    with pytest.raises(DataError) as error:
        parse_chain(cell)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    if message is not None:
        assert str(error.value) == message


def test_a_plan_takes_severities_and_shares() -> None:
    plan = parse_plan("image = brightness(severity=3) + gaussian_noise(std=2, seed=9, share=0.25)", seed=5)
    assert plan.modality == "image"
    assert [(str(step.corruption), step.share) for step in plan.steps] == [
        ("brightness(factor=0.3, seed=5)", 1),
        ("gaussian_noise(std=2.0, seed=9)", pytest.approx(0.25)),
    ]
    for text in ("image=noise_replacement(severity=4)", "image=noise_replacement(share=0.8)"):
        (step,) = parse_plan(text).steps
        assert (str(step.corruption), step.share) == ("noise_replacement(std=1.0, seed=0)", pytest.approx(0.8))


def test_a_severity_from_outside_goes_to_what_has_none() -> None:
    text = "image=brightness(factor=0.9) + gaussian_noise + gaussian_snr(severity=1)"
    assert leaves_severity_open(text)
    assert not leaves_severity_open("image=brightness(factor=0.9) + gaussian_snr(severity=1)")
    assert [str(step.corruption) for step in parse_plan(text, severity=5).steps] == [
        "brightness(factor=0.9, seed=0)",
        "gaussian_noise(std=2.0, seed=0)",
        "gaussian_snr(snr_db=20.0, seed=0)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "gaussian_noise(std=1)",
            "a corruption must be given as MODALITY=CORRUPTION, but got 'gaussian_noise(std=1)'.",
        ),
        ("image", "a corruption must be given as MODALITY=CORRUPTION, but got 'image'."),
        ("a=gaussian_noise", "gaussian_noise: std, or a severity from 1 to 5, must be given, but is missing."),
        (
            "a=gaussian_noise(severity=6)",
            "gaussian_noise: severity must be a whole number from 1 to 5, but got 6.",
        ),
        (
            "a=gaussian_noise(severity=True)",
            "gaussian_noise: severity must be a whole number from 1 to 5, but got True.",
        ),
        (
            "a=gaussian_noise(std=1, severity=2)",
            "gaussian_noise: severity stands for std, but both are given.",
        ),
        ("a=gaussian_noise(std=1, share=2)", "gaussian_noise: share must be between 0 and 1, but got 2.0."),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        parse_plan(text)
    assert str(error.value) == message


def number(steps: str, position: int, name: str) -> float:
    """An argument of a corruption."""
    value: float = attrs.asdict(parse_steps(steps)[position].corruption)[name]
    return value


def test_presets_are_what_the_papers_print() -> None:
    """Variances of A3D2's section 4, which its code takes as standard deviations; ratios of powers of Boomda."""
    for name, audio, image in (("a3d2-iemocap", 0.01, 0.1), ("a3d2-mintrec", 0.005, 0.05)):
        paper, authors = PRESETS[name].steps, PRESETS[f"{name}-authors"].steps
        assert number(paper["audio"], 0, "std") ** 2 == pytest.approx(audio)
        assert number(paper["image"], 1, "std") ** 2 == pytest.approx(image)
        assert (number(authors["audio"], 0, "std"), number(authors["image"], 1, "std")) == (audio, image)
        assert paper["image"].partition(" ")[0] == authors["image"].partition(" ")[0]
    ratios, decibels = PRESETS["boomda"].steps, PRESETS["boomda-decibels"].steps
    for kind, position, printed in (("audio", 0, 1.0), ("image", 1, 0.5)):
        assert 10 ** (number(ratios[kind], position, "snr_db") / 10) == pytest.approx(printed)
        assert number(decibels[kind], position, "snr_db") == printed


def test_what_python_would_warn_of_is_refused_in_silence() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(DataError, match="corruptions are written as"):
            parse_chain("gaussian_noise(std=0.3if 1 else 2)")
    assert told == []
