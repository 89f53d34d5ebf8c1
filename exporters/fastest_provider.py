"""What runs an artefact fastest on this processor: found out once, and remembered."""

import math
import os
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.errors import AcclimateError
from ..framework.evaluation.timing import WARM_UP, time_in_turns
from ..framework.files.hashes import sha256
from .artefact_folder import Stored
from .execution import Execution
from .kept_measurement import Times, keep_times

if TYPE_CHECKING:
    from .session import Session

BATCHES: Final = (1, 8)

TOLERANCES: Final[Mapping[str, float]] = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 5e-2, "int8": 1e-1}
"""How far answers may lie from those of ONNX Runtime, as a share of their norm, by the artefact's precision."""

WORTH: Final = 0.95
"""Times as long as ONNX Runtime, below which another runtime is taken."""

_SECONDS, _ROUNDS = 6.0, (3, 50)
"""For all turns, unless one batch of one row takes longer; opening the runtimes comes on top."""


def choose_provider(path: str | os.PathLike[str], stored: Stored, execution: Execution) -> Execution:
    """The same execution on the provider that answers fastest.

    Those that may are ONNX Runtime on the CPU, OpenVINO where it is installed, and its bfloat16 for an artefact that
    was exported for that. They take turns on random batches of 1 and 8 rows; what answers something else, or cannot
    open the artefact, is out. The times are kept by the artefact's hash, the threads, and what `keep_times` adds.

    Args:
        path: of the artefact.
        stored: what was read of it.
        execution: how to run it, on the provider `auto`.

    Raises:
        ExportError: if ONNX Runtime cannot open it.
    """
    others = _list_others(stored, execution)
    if not others:
        return attrs.evolve(execution, provider="cpu")
    subject = {
        "artefact": sha256(stored.content),
        "threads": execution.threads,
        "providers": ["cpu", *others],
    }
    times = keep_times(subject, lambda: measure(path, execution, others))
    known = {name: found for name, found in times.items() if name in ("cpu", *others)}
    return attrs.evolve(execution, provider=find_fastest(known))


def find_fastest(times: Times) -> str:
    """The provider with the least time, as a geometric mean over batches; `cpu` unless another one is worth it.

    Example:
        >>> find_fastest({"cpu": {1: 10.0, 8: 40.0}, "openvino": {1: 9.0, 8: 20.0}})
        'openvino'
        >>> find_fastest({"cpu": {1: 10.0, 8: 40.0}, "openvino": {1: 9.9, 8: 39.9}})
        'cpu'
    """
    base = times.get("cpu", {})
    shares = {name: _share(found, base) for name, found in times.items() if found.keys() == base.keys() and base}
    fastest = min(shares, key=shares.__getitem__, default="cpu")
    return fastest if shares.get(fastest, 1.0) < WORTH else "cpu"


def measure(path: str | os.PathLike[str], execution: Execution, others: list[str]) -> Times:
    """Milliseconds of the providers that answer as ONNX Runtime does, which is one of them, by batch size."""
    from .session import Session

    reference = Session(path, execution=attrs.evolve(execution, provider="cpu"))
    sessions = {"cpu": reference}
    generator = np.random.default_rng(0)
    parts = reference.schema.preprocessing
    rows = {name: part.random(generator, max(BATCHES)) for name, part in parts.items()}
    for name in others:
        try:
            session = Session(path, execution=attrs.evolve(execution, provider=name))
            if _distance(session.run(rows), reference.run(rows)) <= TOLERANCES[reference.config.precision]:
                sessions[name] = session
        except AcclimateError:
            continue  # It cannot open or run this artefact, so it is no candidate.
    return _time(sessions, rows) if len(sessions) > 1 else {"cpu": {1: 1.0}}


def _list_others(stored: Stored, execution: Execution) -> list[str]:
    # What threads do between operators is asked of ONNX Runtime alone.
    if find_spec("openvino") is None or execution.pool != "stopping":
        return []
    lower = stored.document is not None and stored.document.get("precision") == "bfloat16"
    return ["openvino", *(["openvino-bfloat16"] if lower else [])]


def _time(sessions: Mapping[str, "Session"], rows: Mapping[str, NDArray[Any]]) -> Times:
    found: dict[str, dict[int, float]] = {name: {} for name in sessions}
    left, slowest = _SECONDS, 0.0
    for batch in BATCHES:
        if slowest * batch * len(sessions) * (WARM_UP + _ROUNDS[0]) > left:
            break
        begun = perf_counter()
        feed = {name: values[:batch] for name, values in rows.items()}
        calls = [partial(session.run, feed) for session in sessions.values()]
        seconds = time_in_turns(calls, left / 2, _ROUNDS, np.random.default_rng(0))
        for name, median in zip(sessions, np.median(seconds, axis=0).tolist(), strict=True):
            found[name][batch] = 1e3 * median
        slowest = float(np.median(seconds, axis=0).max()) / batch
        left -= perf_counter() - begun
    return found


def _share(times: Mapping[int, float], base: Mapping[int, float]) -> float:
    return math.exp(sum(math.log(times[batch] / base[batch]) for batch in base) / len(base))


def _distance(found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> float:
    """Of all outputs together, as a share of their norm; infinite where one is not finite."""
    ours, theirs = (np.concatenate([values[name].ravel() for name in expected]) for values in (found, expected))
    share = np.linalg.norm(ours - theirs) / max(float(np.linalg.norm(theirs)), 1e-12)
    return float(share) if np.isfinite(share) else math.inf
