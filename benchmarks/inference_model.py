"""What inference is timed on: a model of three encoders with random weights, and random rows. Nothing is downloaded."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs
import numpy as np
import torch
from acclimate.framework import Builder, Encoder, MultimodalModel, Schema, Task, read_recipe
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.preprocessing import (
    AudioPreprocessing,
    FeaturesPreprocessing,
    ImagePreprocessing,
    TextPreprocessing,
)
from acclimate.framework.data.preprocessing.word_tokenizer import make_word_tokenizer
from acclimate.framework.encoders import MLP, TimmImage, TimmSpectrogram, TransformerText
from acclimate.framework.encoders.default import make_encoder
from acclimate.framework.layout import modality_subsets
from real_encoders import IMAGE_SIDE, SAMPLING_RATE, SECONDS, TOKENS, VOCABULARY

FusionName: TypeAlias = Literal["sum", "concatenation", "tensor", "affinity"]

RECIPES: Final[Mapping[FusionName, str]] = MappingProxyType(
    {"sum": "rna-uda", "concatenation": "a3d2", "tensor": "osan", "affinity": "modfinity"}
)
"""Whose fusion it is: the model is made by this recipe."""

MIXED: Final = "rows of all subsets"
"""Name of a batch whose rows differ in the modalities that they have."""


@attrs.frozen
class Size:
    """How large the model is, and its inputs.

    Args:
        image_model: of timm.
        image_side: in pixels.
        sound_model: of timm, for spectrograms.
        sampling_rate: of the sound.
        samples: of the sound.
        tokens: of a text.
        vocabulary: of the text's model.
        layers: of the text's model.
        width: of its hidden states.
        heads: of its attention.
        features: that each encoder gives.
    """

    image_model: str
    image_side: int
    sound_model: str
    sampling_rate: int
    samples: int
    tokens: int
    vocabulary: int
    layers: int
    width: int
    heads: int
    features: int


REAL: Final = Size(
    image_model="resnet18",
    image_side=IMAGE_SIDE,
    sound_model="resnet10t",
    sampling_rate=SAMPLING_RATE,
    samples=SAMPLING_RATE * SECONDS,
    tokens=TOKENS,
    vocabulary=VOCABULARY,
    layers=4,
    width=256,
    heads=4,
    features=256,
)


@attrs.frozen(eq=False)
class Subject:
    """What is timed.

    Args:
        name: stands in the report.
        schema: modalities and tasks.
        make_encoders: by modality.
    """

    name: str
    schema: Schema
    make_encoders: Callable[[], Mapping[str, Encoder]]

    def build(self, fusion: FusionName = "sum") -> MultimodalModel:
        """The model as it is before any weights are loaded, in evaluation mode."""
        builder = Builder(read_recipe(RECIPES[fusion]))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for name, encoder in self.make_encoders().items():
                builder.with_encoder(name, encoder)
        return builder.build(self.schema, {"source": 8, "target": 8}).model.eval()

    def make(self, fusion: FusionName = "sum") -> MultimodalModel:
        """A model whose batch statistics are not those of a fresh one, in evaluation mode."""
        model = self.build(fusion).train()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(1)
            for seed in range(3):
                rows = self.draw(4, seed)
                inputs = {name: torch.from_numpy(values) for name, values in rows.inputs.items()}
                model(inputs, torch.from_numpy(rows.present))
        return model.eval()

    def draw(self, rows: int, seed: int = 0, subset: Collection[str] | None = None) -> Arrays:
        """Random rows, each as long as can be.

        Args:
            rows: how many.
            seed: of the numbers.
            subset: the modalities that they have; None means all, and with `MIXED` each row has one of all subsets in
                turn.
        """
        generator = np.random.default_rng(seed)
        parts = self.schema.preprocessing
        names = self.schema.modalities
        kept = modality_subsets(names) if subset == (MIXED,) else [names if subset is None else tuple(subset)]
        masks = np.array([[name in one for name in names] for one in kept])
        return Arrays(
            inputs={name: part.random(generator, rows) for name, part in parts.items()},
            present=masks[np.arange(rows) % len(masks)],
            labels=None,
            ids=tuple(f"row{row}" for row in range(rows)),
            domains=("target",) * rows,
            index=np.arange(rows),
            lengths={
                name: np.full(rows, part.shape[part.time_axis], np.int64)
                for name, part in parts.items()
                if part.time_axis is not None
            },
        )


def real(size: Size = REAL) -> Subject:
    """Sound, image and text, ten classes; with `REAL`, 27.5 million parameters."""
    # As many words as a tokenizer of ours knows: whoever opens the artefact reads them too.
    counts = {f"word{number}": 2 for number in range(size.vocabulary - 5)}
    schema = Schema(
        {
            "audio": AudioPreprocessing(sampling_rate=size.sampling_rate, samples=size.samples),
            "image": ImagePreprocessing(size.image_side, size.image_side, (0.0,) * 3, (1.0,) * 3),
            "text": TextPreprocessing(max_length=size.tokens, tokenizer=make_word_tokenizer(counts)),
        },
        (Task("label", tuple(f"class{number}" for number in range(10))),),
    )
    return Subject("real", schema, partial(_real_encoders, size, schema))


def _real_encoders(size: Size, schema: Schema) -> dict[str, Encoder]:
    """Log-mel and a ResNet for sound, a ResNet for images, a BERT for text."""
    text = {
        "model_type": "bert",
        "vocab_size": size.vocabulary,
        "hidden_size": size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": 4 * size.width,
    }
    kinds: dict[str, tuple[type[Encoder], dict[str, object]]] = {
        "audio": (TimmSpectrogram, {"model_name": size.sound_model}),
        "image": (TimmImage, {"model_name": size.image_model}),
        "text": (TransformerText, {"config": text}),
    }
    return {
        name: make_encoder(kind, schema.preprocessing[name], {**arguments, "out_features": size.features})
        for name, (kind, arguments) in kinds.items()
    }


def tiny() -> Subject:
    """Two vectors, three classes: to try the benchmark itself."""
    vectors = {"face": (0.0,) * 4, "voice": (0.0,) * 3}
    schema = Schema(
        {name: FeaturesPreprocessing(mean=mean, std=(1.0,) * len(mean)) for name, mean in vectors.items()},
        (Task("label", ("a", "b", "c")),),
    )
    sizes = {name: len(mean) for name, mean in vectors.items()}
    return Subject(
        "tiny", schema, lambda: {name: MLP(in_features=size, out_features=8) for name, size in sizes.items()}
    )


SUBJECTS: Final[Mapping[str, Callable[[], Subject]]] = MappingProxyType({"real": real, "tiny": tiny})


def count_parameters(model: MultimodalModel) -> int:
    """How many weights the model has."""
    return sum(parameter.numel() for parameter in model.parameters())
