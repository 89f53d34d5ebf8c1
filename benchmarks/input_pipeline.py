"""Time per training step with files decoded in this process, in workers ahead of it, and with samples cached.

    python benchmarks/input_pipeline.py --threads 1 --out OUT

Writes OUT/input-pipeline.json and .md, and prints the table. Sound and pictures are made first: WAV files of 16 kHz and
JPEGs, which every step decodes. See benchmarks/README.md.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import soundfile
import torch
from acclimate.framework import Batch, Builder, Method, read_recipe
from acclimate.framework.data import Samples, Schema, Table, read_table
from acclimate.framework.training.loader import Loader
from interleaved import Contestant, describe_machine, milliseconds, race, ratio, to_markdown, use_threads
from PIL import Image

SAMPLING_RATE: Final = 16_000
CLASSES: Final = 10
FLOOR: Final = "batch that is there"
"""Name of the step that reads nothing."""


@attrs.frozen
class Row:
    """Result of one way to get batches.

    Args:
        name: of the way.
        milliseconds: that pass, per step, median over rounds.
        own_milliseconds: of processor time that the training process itself takes, per step, median over rounds.
        to_floor: time that passes, relative to the floor.
    """

    name: str
    milliseconds: float
    own_milliseconds: float
    to_floor: str


def write_data(folder: Path, rows: int, seconds: float, side: int) -> Table:
    """A table of sound and pictures."""
    generator = np.random.default_rng(0)
    lines = ["id,domain,split,label,image,sound"]
    for row in range(rows):
        sound = generator.uniform(-0.5, 0.5, round(seconds * SAMPLING_RATE))
        soundfile.write(folder / f"{row}.wav", sound, SAMPLING_RATE, subtype="PCM_16")
        # Coarse patches under fine noise: a file of about the size that a photograph has.
        patches = generator.integers(0, 256, (side // 16 + 1, side // 16 + 1, 3)).repeat(16, 0).repeat(16, 1)
        pixels = patches[:side, :side] + generator.normal(0, 12, (side, side, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{row}.jpg", quality=90)
        lines.append(f"row{row},here,train,{row % CLASSES},{row}.jpg,{row}.wav")
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path)


def make_trainer(schema: Schema, rows: int) -> Callable[[Batch], None]:
    """A step of source-only with the default encoders."""
    method: Method = Builder(read_recipe("source-only")).build(schema, {"source": rows}, 0)
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-4)

    def train(batch: Batch) -> None:
        optimizer.zero_grad()
        method.step(batch).total.backward()
        optimizer.step()

    return train


def measure(table: Table, *, side: int, batch_size: int, workers: Sequence[int], rounds: int) -> list[Row]:
    """Time epochs of all ways, in turns.

    Args:
        table: what to train on.
        side: of the pictures that the model sees, in pixels.
        batch_size: samples per step.
        workers: numbers of worker processes.
        rounds: epochs that are counted; one before them starts workers and fills the cache.
    """
    schema = Schema.fit(table, {"image": {"height": side, "width": side}})
    train = make_trainer(schema, len(table))

    def load(workers: int, cache_bytes: int) -> Loader:
        samples = Samples(table, schema, labelled=True, cache_bytes=cache_bytes)
        return Loader(samples, batch_size, shuffle=True, seed=0, domains=table.domains, workers=workers)

    size = sum(values.nbytes for values in Samples(table, schema, labelled=True, cache_bytes=0)[0].inputs.values())
    ways = {
        f"decoded in {count} worker{'s' * (count > 1)}" if count else "decoded in this process": load(count, 0)
        for count in workers
    }
    ways["all samples cached"] = load(0, 2 * size * len(table))
    steps = len(ways["all samples cached"])
    there = next(iter(ways["all samples cached"]))
    own: dict[str, list[float]] = {name: [] for name in (*ways, FLOOR)}

    def run(name: str, epoch: Callable[[], Any]) -> None:
        start = time.process_time()
        for batch in epoch():
            train(batch)
        own[name].append((time.process_time() - start) / steps)

    epochs: dict[str, Callable[[], Any]] = {name: partial(iter, loader) for name, loader in ways.items()}
    epochs[FLOOR] = lambda: [there] * steps
    contestants = [Contestant(name, partial(run, name, epoch)) for name, epoch in epochs.items()]
    times = race(contestants, rounds=rounds, warmup=1)
    return [
        Row(name, milliseconds(times[name]) / steps, milliseconds(own[name][1:]), str(ratio(times, name, FLOOR)))
        for name in epochs
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Time per step with and without workers and cache.")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of the sound")
    parser.add_argument("--side", type=int, default=512, help="of the pictures on disk, in pixels")
    parser.add_argument("--model-side", type=int, default=32, help="of the pictures that the model sees, in pixels")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    use_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        table = write_data(Path(folder), options.rows, options.seconds, options.side)
        rows = measure(
            table, side=options.model_side, batch_size=options.batch, workers=options.workers, rounds=options.rounds
        )
    header = ["batches", "ms a step", "of them, processor time of the training process", "to the floor"]
    text = to_markdown(
        header, [[row.name, f"{row.milliseconds:.1f}", f"{row.own_milliseconds:.1f}", row.to_floor] for row in rows]
    )
    print(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        settings = {name: value for name, value in vars(options).items() if name != "out"}
        content = {"machine": describe_machine(), "settings": settings, "rows": [attrs.asdict(row) for row in rows]}
        (options.out / "input-pipeline.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        (options.out / "input-pipeline.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
