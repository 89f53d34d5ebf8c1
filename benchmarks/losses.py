"""Our losses and solvers beside public ones: agreement of values, and time.

    python benchmarks/losses.py --figures coral mmd --threads 1 --out OUT

Writes OUT/losses-<threads>.json and .md, and prints the tables. See benchmarks/README.md.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs
from figures import FIGURES, OURS, Figure
from interleaved import CLOCKS, Ratio, describe_machine, milliseconds, race, ratio, to_markdown, use_threads


@attrs.frozen
class Row:
    """Result of one contestant.

    Args:
        figure: name.
        setting: sizes.
        name: of the contestant.
        milliseconds: median of a call; None where it could not be run.
        ours: our time relative to its time, so that below 1 we are faster.
        note: agreement, or why it could not be run.
    """

    figure: str
    setting: str
    name: str
    milliseconds: float | None
    ours: Ratio | None
    note: str

    def cells(self) -> list[str]:
        """For a table."""
        time = "" if self.milliseconds is None else f"{self.milliseconds:.3f}"
        return [self.figure, self.setting, self.name, time, "" if self.ours is None else str(self.ours), self.note]


HEADER = ("figure", "setting", "contestant", "ms", "ours / it (quartiles)", "agreement")


def measure(
    figures: Iterable[Figure], *, rounds: int, warmup: int = 2, clock: Callable[[], float] = CLOCKS["wall"]
) -> list[Row]:
    """Time all contestants of figures, in turns."""
    rows: list[Row] = []
    for figure in figures:
        times = race(figure.contestants, rounds=rounds, warmup=warmup, calls=figure.calls, clock=clock)
        for name, seconds in times.items():
            relative = None if name == OURS else ratio(times, OURS, name)
            note = figure.notes[name]
            rows.append(Row(figure.name, figure.setting, name, milliseconds(seconds), relative, note))
        rows += [Row(figure.name, figure.setting, name, None, None, why) for name, why in figure.missing.items()]
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    for threads in options.threads:
        use_threads(threads)
        figures = (figure for name in options.figures for figure in FIGURES[name]())
        rows = measure(figures, rounds=options.rounds, clock=CLOCKS[options.clock])
        table = to_markdown(HEADER, [row.cells() for row in rows])
        print(f"{threads} threads, {options.rounds} rounds\n\n{table}\n")
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            path = options.out / f"losses-{threads}"
            content = {
                "machine": describe_machine(),
                "settings": {"threads": threads, "rounds": options.rounds, "clock": options.clock},
                "rows": [attrs.asdict(row) for row in rows],
            }
            path.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            path.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", nargs="+", choices=list(FIGURES), default=["coral", "mmd", "pareto", "transport"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu for a machine that is not idle")
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    return parser


if __name__ == "__main__":
    main()
