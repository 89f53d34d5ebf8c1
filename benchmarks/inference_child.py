"""A fresh process that opens one artefact, or the model in torch, and says what that takes: see inference_start.py.

    python benchmarks/inference_child.py session ARTEFACT --threads 2 --batches 1 64
    python benchmarks/inference_child.py torch WEIGHTS --subject real --threads 2 --batches 1 64

Prints JSON. Imports nothing but the standard library before the clock runs.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Open = Callable[[argparse.Namespace], Callable[[int], Callable[[], object]]]
"""Makes ready what runs batches of a size: inputs are made before the run is timed."""


def open_session(options: argparse.Namespace) -> Callable[[int], Callable[[], object]]:
    """An artefact, without torch."""
    import numpy as np
    from acclimate.exporters import Session

    session = Session(options.path, threads=options.threads)
    preprocessing = session.schema.preprocessing

    def draw(rows: int) -> Callable[[], object]:
        generator = np.random.default_rng(0)
        inputs = {name: part.random(generator, rows) for name, part in preprocessing.items()}
        return lambda: session.run(inputs)

    return draw


def open_torch(options: argparse.Namespace) -> Callable[[int], Callable[[], object]]:
    """The model, with its weights from a file."""
    from inference_candidates import Eager
    from inference_model import SUBJECTS
    from safetensors.torch import load_model

    subject = SUBJECTS[options.subject]()
    model = subject.build()
    load_model(model, options.path)
    eager = Eager("torch", model)
    return lambda rows: eager.open(subject.draw(rows))


def import_session(_: argparse.Namespace) -> None:
    """What an artefact needs."""
    from acclimate.exporters import Session  # noqa: F401


def import_torch(options: argparse.Namespace) -> None:
    """What the model in torch needs."""
    import inference_candidates  # noqa: F401
    import inference_model  # noqa: F401
    import torch

    torch.set_num_threads(options.threads)


WAYS: dict[str, tuple[Callable[[argparse.Namespace], None], Open]] = {
    "session": (import_session, open_session),
    "torch": (import_torch, open_torch),
}


def resident_bytes() -> int | None:
    """Memory of this process that is in use now; None where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.is_file() else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Import, open, run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=list(WAYS))
    parser.add_argument("path")
    parser.add_argument("--subject", default="real")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64])
    options = parser.parse_args(arguments)
    bring, start = WAYS[options.way]
    found: dict[str, float | int | None] = {}
    clock = time.perf_counter()
    bring(options)
    found["import"], found["memory, imported"] = time.perf_counter() - clock, resident_bytes()
    clock = time.perf_counter()
    draw = start(options)
    found["start"], found["memory, started"] = time.perf_counter() - clock, resident_bytes()
    for batch in options.batches:
        run = draw(batch)
        for name in ("first run", "second run"):
            clock = time.perf_counter()
            run()
            found[f"{name}, batch {batch}"] = time.perf_counter() - clock
        found[f"memory, batch {batch}"] = resident_bytes()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
