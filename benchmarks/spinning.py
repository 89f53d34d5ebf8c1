"""What threads of a split artefact should do between its graphs: its time relative to that of one graph with branches.

    python benchmarks/spinning.py --threads 2 --out OUT

Writes OUT/spinning-<threads>.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, get_args

import attrs
from acclimate.exporters import Execution, Session
from acclimate.exporters.execution import ThreadPool
from acclimate.framework.layout import modality_subsets
from inference_artefacts import Artefacts, Key
from inference_candidates import InSession
from inference_model import SUBJECTS
from interleaved import Contestant, Ratio, describe_machine, milliseconds, race, ratio, to_markdown

BASE: Final = "branch"

REST: Final = 0.05
"""Seconds before each turn, in which threads that wait busily for more of the contestant before come to rest."""


@attrs.frozen
class Row:
    """Result of one way to run a batch.

    Args:
        batch: rows.
        present: the modalities that they have.
        name: `branch`, or what the threads of `split` do between graphs.
        milliseconds: median.
        to_branch: how many times as long as `branch` it takes.
    """

    batch: int
    present: str
    name: str
    milliseconds: float
    to_branch: Ratio

    def cells(self) -> list[str]:
        """For a table."""
        return [str(self.batch), self.present, self.name, f"{self.milliseconds:.2f}", str(self.to_branch)]


HEADER: Final = ("batch", "present", "threads between graphs", "ms", "/ branch (quartiles)")


def open_sessions(artefacts: Artefacts) -> list[InSession]:
    """The branches, as they are run by default, and the split form with each kind of pool."""
    folder = artefacts.get(Key("split")).folder
    branch = InSession(BASE, artefacts.open(Key("branch")))
    # The shared pool comes last: no session can be opened after it that has its own.
    pools = sorted(get_args(ThreadPool), key=lambda pool: pool == "shared")
    options = [Execution(threads=artefacts.threads, pool=pool) for pool in pools]
    return [branch, *(InSession(one.pool, Session(folder, execution=one)) for one in options)]


def measure(
    artefacts: Artefacts, batches: Sequence[int], *, rounds: int, warmup: int = 2, rest: float = REST
) -> list[Row]:
    """Time all ways to run all subsets of the modalities, in turns."""
    sessions, rows = open_sessions(artefacts), []
    for batch in batches:
        for subset in modality_subsets(artefacts.subject.schema.modalities):
            values = artefacts.subject.draw(batch, subset=subset)
            contestants = [Contestant(one.name, one.open(values), partial(time.sleep, rest)) for one in sessions]
            times = race(contestants, rounds=rounds, warmup=warmup, calls=max(1, 16 // batch))
            rows += [
                Row(batch, "+".join(subset), name, milliseconds(seconds), ratio(times, name, BASE))
                for name, seconds in times.items()
            ]
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        subject = SUBJECTS[options.subject]()
        artefacts = Artefacts(options.artefacts or Path(folder), subject, options.threads)
        rows = measure(artefacts, options.batches, rounds=options.rounds, rest=options.rest)
    table = to_markdown(HEADER, [row.cells() for row in rows])
    print(f"{options.subject}, {options.threads} threads, {options.rounds} rounds\n\n{table}")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"spinning-{options.threads}"
        settings = {name: getattr(options, name) for name in ("subject", "threads", "batches", "rounds", "rest")}
        content: dict[str, Any] = {"machine": describe_machine(), "settings": settings}
        content["rows"] = [attrs.asdict(row) for row in rows]
        path.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", choices=list(SUBJECTS), default="real", help="what is timed")
    parser.add_argument("--threads", type=int, default=2, help="of every session; the shared pool has one size")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rest", type=float, default=REST, help="seconds before each turn")
    parser.add_argument("--artefacts", type=Path, help="folder that keeps the exported artefacts for the next time")
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    return parser


if __name__ == "__main__":
    main()
