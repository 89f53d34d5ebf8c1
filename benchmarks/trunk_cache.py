"""Time per epoch of models the size of WavLM-base and BERT-base, 9 of 12 layers frozen, with and without a trunk cache.

    python benchmarks/trunk_cache.py --model bert --out OUT

Writes OUT/trunk-cache-<model>.json and .md, and prints the table. See benchmarks/README.md.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import torch
from acclimate.adapters import InformationMaximisation, LateSum, Supervised
from acclimate.framework import Batch, DomainSide, Layout, Method, MultimodalModel, Task
from acclimate.framework.encoders import TransformerAudio, TransformerText
from acclimate.framework.encoders.trunk_cache import TrunkCache
from acclimate.framework.encoders.trunk_encoder import TrunkEncoder
from acclimate.framework.training.monitor import gather, survey
from interleaved import CLOCKS, Contestant, Ratio, describe_machine, milliseconds, race, ratio, to_markdown, use_threads
from torch import Tensor

SAMPLING_RATE: Final = 16_000
VOCABULARY: Final = 30_522
ROADS: Final = ("without", "cache", "floor")
PHASES: Final = ("training", "evaluation", "epoch")
CLASSES: Final = 6


@attrs.frozen
class Size:
    """How large a model is, and its inputs.

    Args:
        width: of its hidden states; the papers' have 768.
        layers: in all.
        trainable: from the top.
        steps: tokens of a text, or samples of a waveform.
        rows: of each side, which is one batch.
        evaluated: of the source's validation; the whole target is evaluated too.
    """

    width: int
    layers: int
    trainable: int
    steps: int
    rows: int
    evaluated: int

    def config(self, model_type: str) -> dict[str, Any]:
        """As the model's config.json would say it."""
        heads = max(1, self.width // 64)
        sizes = {"hidden_size": self.width, "num_hidden_layers": self.layers, "num_attention_heads": heads}
        return {"model_type": model_type, **sizes, "intermediate_size": 4 * self.width}


class Held(TrunkCache):
    """Activations at hand: what a training step costs whose trunk costs nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._held: dict[int, Tensor] = {}

    def activations(self, encoder: TrunkEncoder, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Those of an input that was seen, by its place in memory."""
        if values.data_ptr() not in self._held:
            self._held[values.data_ptr()] = super().activations(encoder, values, lengths)
        return self._held[values.data_ptr()]


class Epoch:
    """An epoch of one step, as the loop makes it: source and target trained on, validation and target evaluated.

    Args:
        encoder: of the only modality.
        size: of the data.
        inputs: makes so many rows.
        folder: of the cache.
    """

    def __init__(self, encoder: TrunkEncoder, size: Size, inputs: Callable[[int], Tensor], folder: Path) -> None:
        torch.manual_seed(0)
        task = Task("label", [str(number) for number in range(CLASSES)])
        model = MultimodalModel({"input": encoder}, [task], LateSum())
        self.method = Method(model, {"classification": Supervised(), "information": InformationMaximisation()})
        sizes = model.feature_sizes
        self.method.bind(Layout(("input",), (task,), sizes, sizes))
        trained = [parameter for parameter in self.method.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=1e-5)
        self.source, self.target = _batch(inputs(size.rows), "source"), _batch(inputs(size.rows), "target")
        self.validation = _batch(inputs(size.evaluated), "source")
        self.caches: dict[str, TrunkCache | None] = {
            "without": None,
            "cache": TrunkCache(folder),
            "floor": Held(folder),
        }

    def train(self, road: str) -> None:
        """One step."""
        self.method.model.cache_trunks(self.caches[road])
        self.method.train()
        self.optimizer.zero_grad()
        self.method.step(self.source, self.target, progress=0.5).total.backward()
        self.optimizer.step()

    def evaluate(self, road: str) -> None:
        """What the model says after an epoch of validation and target, which Validators then score."""
        self.method.model.cache_trunks(self.caches[road])
        gather(survey(self.method, [self.validation], "source", torch.device("cpu")))
        gather(survey(self.method, [self.target], "target", torch.device("cpu")))


def _batch(inputs: Tensor, domain_side: DomainSide) -> Batch:
    rows = torch.arange(len(inputs))
    return Batch(
        inputs={"input": inputs},
        present=torch.ones(len(inputs), 1, dtype=torch.bool),
        domain=torch.zeros_like(rows),
        index=rows,
        ids=tuple(map(str, rows.tolist())),
        labels={"label": rows % CLASSES} if domain_side == "source" else None,
        lengths={"input": torch.full((len(inputs),), inputs.shape[1])},
    )


def open_epoch(model: str, size: Size, folder: Path) -> Epoch:
    """An epoch of a model with random weights on random inputs.

    Args:
        model: "wavlm", "bert", or "bert-first", whose feature is that of the first token in place of the mean.
        size: of model and data.
        folder: of the cache.
    """
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    if model == "wavlm":
        audio = TransformerAudio(SAMPLING_RATE, config=size.config("wavlm"), trainable_layers=size.trainable)
        return Epoch(audio, size, lambda rows: torch.randn(rows, size.steps, generator=generator), folder)
    text = TransformerText(
        VOCABULARY,
        0,
        size.steps,
        config=size.config("bert"),
        trainable_layers=size.trainable,
        pooling="first" if model == "bert-first" else "mean",
    )
    return Epoch(text, size, lambda rows: torch.randint(1, VOCABULARY, (rows, size.steps), generator=generator), folder)


def time_roads(epoch: Epoch, *, rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds by road and phase, `without training` and so on; caches are filled before."""
    for road in ROADS[1:]:
        epoch.train(road)
        epoch.evaluate(road)
    contestants = [
        Contestant(f"{road} {phase}", partial(run, road))
        for road in ROADS
        for phase, run in (("training", epoch.train), ("evaluation", epoch.evaluate))
    ]
    times = race(contestants, rounds=rounds, warmup=0, clock=clock)
    for road in ROADS:
        parts = zip(times[f"{road} training"], times[f"{road} evaluation"], strict=True)
        times[f"{road} epoch"] = [sum(pair) for pair in parts]
    return times


def first_pass(epoch: Epoch, folder: Path, clock: Callable[[], float]) -> float:
    """How many times as long as the trunk on a whole batch a cache takes that computes it row by row and writes it."""
    (encoder,) = epoch.method.model.encoders.children()
    assert isinstance(encoder, TrunkEncoder)  # noqa: S101 - for the type
    inputs, lengths = epoch.source.inputs["input"], epoch.source.lengths["input"]
    cache = TrunkCache(folder)
    cache.activations(encoder, inputs[:1], lengths[:1])
    before = clock()
    encoder.trunk(inputs[1:], lengths[1:])
    between = clock()
    cache.activations(encoder, inputs[1:], lengths[1:])
    return (clock() - between) / (between - before)


def speed_ups(times: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, Mapping[str, float], Ratio, Ratio]]:
    """By phase: milliseconds by road, and how many times as fast the cache and the floor are."""
    for phase in PHASES:
        by_road = {road: milliseconds(times[f"{road} {phase}"]) for road in ROADS}
        without = f"without {phase}"
        yield phase, by_road, ratio(times, without, f"cache {phase}"), ratio(times, without, f"floor {phase}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    options = _parser().parse_args(arguments)
    use_threads(options.threads)
    steps = options.steps or (2 * SAMPLING_RATE if options.model == "wavlm" else 64)
    size = Size(options.width, options.layers, options.trainable, steps, options.rows, max(1, options.rows // 6))
    with tempfile.TemporaryDirectory() as folder:
        epoch = open_epoch(options.model, size, Path(folder, "cache"))
        times = time_roads(epoch, rounds=options.rounds, clock=CLOCKS[options.clock])
        filling = first_pass(epoch, Path(folder, "first"), CLOCKS[options.clock])
    rows = [
        [phase, *(f"{by_road[road]:.0f}" for road in ROADS), str(cached), str(floor)]
        for phase, by_road, cached, floor in speed_ups(times)
    ]
    header = ("", "ms without", "ms with the cache", "ms, activations at hand", "without / cache", "without / at hand")
    table = to_markdown(header, rows)
    print(f"{options.model}, {size}, {options.threads} threads, {options.rounds} rounds\n\n{table}\n")
    print(f"first pass, relative to the trunk on a whole batch: {filling:.2f}")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        settings = {"model": options.model, "threads": options.threads, "clock": options.clock, **attrs.asdict(size)}
        content = {"machine": describe_machine(), "settings": settings, "seconds": times, "first_pass": filling}
        path = options.out / f"trunk-cache-{options.model}"
        path.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["wavlm", "bert", "bert-first"], default="bert")
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--trainable", type=int, default=3)
    parser.add_argument("--steps", type=int, help="tokens, default 64, or samples, default 2 s")
    parser.add_argument("--rows", type=int, default=16, help="of source and target, one batch each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu for a machine that is not idle")
    parser.add_argument("--out", type=Path, help="folder for JSON and Markdown")
    return parser


if __name__ == "__main__":
    main()
