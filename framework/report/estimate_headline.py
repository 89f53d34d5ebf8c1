"""What was estimated of a run without labels, at the top of its page: did adapting help?"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..estimation.estimate import ESTIMATE_FILE
from ..runs.run_folder import read_json
from .views import Headline


def estimate_headlines(run: Path) -> Iterator[Headline]:
    """The estimated accuracy on the target, and the verdict over source-only; none where nothing was estimated.

    Args:
        run: its folder.

    Raises:
        RunError: if its estimate.json is damaged.
    """
    path = run / ESTIMATE_FILE
    if not path.is_file():
        return
    try:
        task = read_json(path)["tasks"][0]
        fused = task["fused"]
        note = f"{task['task']}, by {fused['method'].replace('_', ' ')}, {fused['rows']} rows; no label was read"
        yield Headline("Estimated accuracy on the target", _describe(fused), note)
        if task["gains"]:
            name = "source-only" if "source-only" in task["gains"] else next(iter(task["gains"]))
            gain = task["gains"][name]
            note = f"estimated {_describe(fused)} against {_describe(task['among'][name])} of {name}"
            yield Headline("Did adapting help?", _answer(gain["verdict"]), note)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{path} is damaged: {error!r}; acclimate estimate {run} writes it again") from error


def _describe(estimate: Mapping[str, Any]) -> str:
    ends = estimate["interval"]
    return f"{estimate['accuracy']:.3f} ({ends['low']:.3f} to {ends['high']:.3f})"


def _answer(verdict: str) -> str:
    return {"probably helped": "probably", "probably harmed": "probably harmed"}.get(verdict, "cannot be told")
