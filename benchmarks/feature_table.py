"""Time per training step on a table of features, with its rows read in three ways, relative to a batch that is there.

    python benchmarks/feature_table.py --threads 1 --out OUT

Writes OUT/feature-table.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import torch
from acclimate.framework import Batch, Builder, read_recipe
from acclimate.framework.data import Samples, Schema, Table, read_table, stack
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.training.loader import Loader
from interleaved import Contestant, describe_machine, milliseconds, race, ratio, to_markdown, use_threads

MODALITIES: Final = ("first", "second", "third")
SIZE: Final = 64
CLASSES: Final = 10
SIDES: Final = ("source", "target")
FLOOR: Final = "batch that is there"
"""Name of the step that reads nothing."""


class OneByOne(Samples):
    """As samples are read that are no rows of arrays."""

    def batch(self, positions: Sequence[int]) -> Arrays:
        """Samples that are stacked."""
        return stack([self[position] for position in positions])


@attrs.frozen
class Row:
    """Result of one way to get batches.

    Args:
        name: of the way.
        milliseconds: of a step, median over rounds.
        to_floor: relative to the floor.
    """

    name: str
    milliseconds: float
    to_floor: str


def write_data(folder: Path, rows: int) -> Table:
    """A table whose cells are rows of arrays: half of the rows source, half target."""
    generator = np.random.default_rng(0)
    np.savez(folder / "d.npz", **{name: generator.normal(size=(rows, SIZE)).astype(np.float32) for name in MODALITIES})
    lines = [f"id,domain,split,label,{','.join(MODALITIES)}"]
    for row in range(rows):
        cells = ",".join(f"d.npz:{name}[{row}]" for name in MODALITIES)
        lines.append(f"{row},{SIDES[row % 2]},train,{row // 2 % CLASSES},{cells}")
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path)


def make_step(schema: Schema, rows: int) -> Callable[[Batch, Batch], None]:
    """A step of rna-uda with the default encoders."""
    method = Builder(read_recipe("rna-uda")).build(schema, dict.fromkeys(SIDES, rows), 0)
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-4)

    def train(source: Batch, target: Batch) -> None:
        optimizer.zero_grad()
        method.step(source, target).total.backward()
        optimizer.step()

    return train


def measure(table: Table, *, batch_size: int, steps: int, rounds: int) -> list[Row]:
    """Time some steps of all ways, in turns.

    Args:
        table: what to train on.
        batch_size: of each side.
        steps: of a turn.
        rounds: turns that are counted; one before them starts workers.
    """
    schema = Schema.fit(table.select("source"))
    train = make_step(schema, len(table) // 2)
    epochs = iter(range(10**6))

    def load(kind: type[Samples], workers: int) -> Callable[[], Iterable[tuple[Batch, Batch]]]:
        loaders = [
            Loader(
                kind(table.select(side), schema, labelled=side == "source", cache_bytes=0),
                batch_size,
                shuffle=True,
                seed=0,
                domains=SIDES,
                workers=workers,
            )
            for side in SIDES
        ]

        def epoch() -> Iterator[tuple[Batch, Batch]]:
            number = next(epochs)
            pairs = zip(*(loader.epoch(number) for loader in loaders), strict=True)
            yield from islice(((source, target) for source, target in pairs), steps)

        return epoch

    ways = {
        "rows one by one": load(OneByOne, 0),
        "gathered": load(Samples, 0),
        "gathered in a worker": load(Samples, 1),
    }
    there = next(iter(ways["gathered"]()))
    ways[FLOOR] = lambda: [there] * steps

    def run(epoch: Callable[[], Iterable[tuple[Batch, Batch]]]) -> None:
        for source, target in epoch():
            train(source, target)

    contestants = [Contestant(name, partial(run, epoch)) for name, epoch in ways.items()]
    times = race(contestants, rounds=rounds, warmup=1)
    return [Row(name, milliseconds(times[name]) / steps, str(ratio(times, name, FLOOR))) for name in ways]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Time per step on a table of features.")
    parser.add_argument("--rows", type=int, default=20_000, help="of the table")
    parser.add_argument("--batch", type=int, default=256, help="samples per step and side")
    parser.add_argument("--steps", type=int, default=20, help="of a turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    options = parser.parse_args(arguments)
    use_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        table = write_data(Path(folder), options.rows)
        opened = time.perf_counter() - start
        rows = measure(table, batch_size=options.batch, steps=options.steps, rounds=options.rounds)
    cells = [[row.name, f"{row.milliseconds:.1f}", row.to_floor] for row in rows]
    text = to_markdown(("batches", "ms / step", "/ there (quartiles)"), cells)
    print(f"{options.rows} rows, written and opened in {opened:.1f} s, {options.threads} threads\n\n{text}")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": describe_machine(), "rows": [attrs.asdict(row) for row in rows]}
        (options.out / "feature-table.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        (options.out / "feature-table.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
