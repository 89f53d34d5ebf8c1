"""Estimates in words, as a command prints them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .estimate import Estimate, Gain
from .estimates import Estimates

_LINE: Final = "{:<32}{}"


def describe(found: Estimates, where: str) -> str:
    """A few lines: the estimate, what it rests on, subsets, other methods, gains and doubts.

    Args:
        found: of a task.
        where: which rows were judged.
    """
    return "\n".join(_lines(found, where))


def judge_gain(estimate: Estimate, other: Estimate, gain: Gain, name: str) -> str:
    """A verdict in words.

    Example:
        >>> from acclimate.framework.evaluation.intervals import Interval
        >>> one = Estimate(0.81, Interval(0.77, 0.85), "consensus", rows=900)
        >>> other = Estimate(0.62, Interval(0.57, 0.66), "consensus", rows=900)
        >>> judge_gain(one, other, Gain(0.19, Interval(0.14, 0.24)), "source-only")
        'adapting probably helped: estimated .81 (.77 to .85) against .62 (.57 to .66) of source-only'
    """
    words = {
        "probably helped": "adapting probably helped",
        "probably harmed": "adapting probably harmed",
        "cannot be told apart": "whether adapting helped cannot be told",
    }
    return f"{words[gain.verdict]}: estimated {estimate} against {other} of {name}"


def _lines(found: Estimates, where: str) -> Iterator[str]:
    best = found.best
    rows = f"{best.rows} rows" + ("" if best.groups is None else f" of {best.groups} groups")
    yield f"{found.task.name}: estimated accuracy {best} on {rows} ({where}); no label of them was read"
    yield f"by {_words(best.method)}, times {found.correction:.3f} from the source. It rests on this:"
    yield best.assumption
    for name, other in found.others.items():
        yield f"{judge_gain(best, other, found.gains[name], name)}; difference {_bounds(found.gains[name])}"
    yield ""
    yield from _table("with modalities", {"+".join(name): one.estimate for name, one in found.subsets.items()})
    yield ""
    yield from _table("by other methods", {_words(name): one for name, one in list(found.by_method.items())[1:]})
    calibration = found.calibration
    yield ""
    yield (
        f"temperature {calibration.temperature:.2f}; calibration error on the source {calibration.before:.3f} before "
        f"it, {calibration.after:.3f} after"
    )
    yield from (f"DOUBT: {doubt}" for doubt in found.doubts)


def _table(title: str, estimates: Mapping[str, Estimate]) -> Sequence[str]:
    return [_LINE.format(title, "estimated accuracy"), *(_LINE.format(name, one) for name, one in estimates.items())]


def _words(method: str) -> str:
    return method.replace("_", " ")


def _bounds(gain: Gain) -> str:
    return f"{gain.difference:+.3f} ({gain.interval.low:+.3f} to {gain.interval.high:+.3f})"
