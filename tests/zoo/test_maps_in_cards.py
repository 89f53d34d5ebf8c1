"""What cards say of input maps."""

from pathlib import Path

import attrs
from acclimate.framework.data.input_maps import Affine
from acclimate.zoo.card import write_card
from acclimate.zoo.config import CheckpointConfig

from .shown import Words, make_metrics, write_checkpoint


def read_config(folder: Path) -> CheckpointConfig:
    write_checkpoint(folder, "rna-uda.moods")
    return CheckpointConfig.from_json((folder / "rna-uda.moods/config.json").read_bytes(), "it")


def test_a_card_says_what_becomes_of_inputs(tmp_path: Path) -> None:
    config, metrics = read_config(tmp_path), make_metrics(Words(), 0.5, 0.4, higher_is_better=True)
    mapped = attrs.evolve(config.schema, maps={"face": Affine("inverted", (-1.0,), (0.0,))})
    assert "**Maps**" not in write_card(config, metrics)
    card = write_card(attrs.evolve(config, schema=mapped), metrics)
    assert (
        "- **Maps** its inputs, as a search without labels found: face: inverted. The graph does so itself.\n" in card
    )
