"""MulT: a Fusion attends from each modality's steps to the other's, which the encoders hand on (change 5)."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.exporters import export_onnx
from acclimate.framework import (
    JOINT,
    Batch,
    Builder,
    ClassSpec,
    EncoderInput,
    ExportError,
    Method,
    RecipeError,
    Table,
    read_table,
)
from acclimate.framework.testing import check_encoder
from bits import assert_same_bits
from loop.small import Interrupted, Interrupting, assert_same_runs, make_experiment, make_recipe, prepare, run
from torch import Tensor

from .cross_modal_attention import StepEncoder
from .steps_table import write_steps

ENCODERS = {"sequence": {"class_path": "uses.cross_modal_attention.StepEncoder"}}
RECIPE = make_recipe(
    model={"fusion": {"class_path": "uses.cross_modal_attention.CrossModalAttention"}, "encoders": ENCODERS},
    data={"preprocessing": {"audio": {"kind": "sequence"}, "video": {"kind": "sequence"}}},
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Sequences of audio and video."""
    return read_table(write_steps(tmp_path_factory.mktemp("table")))


@pytest.fixture(scope="module")
def prepared(table: Table) -> tuple[Method, Batch]:
    """A Method, and all of the target."""
    recipe = attrs.evolve(RECIPE, training=attrs.evolve(RECIPE.training, batch_size=10))
    method, domains = prepare(table, recipe)
    assert domains.target_in_order is not None
    return method.eval(), next(iter(domains.target_in_order))


def test_it_is_an_encoder() -> None:
    check_encoder(lambda: StepEncoder(3), torch.randn(5, 7, 3))


def test_our_loop_trains_it_and_goes_on_to_the_same_bits(table: Table, tmp_path: Path) -> None:
    run(table, RECIPE, tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(table, RECIPE, tmp_path / "broken", display=Interrupting(4), checkpoint_every=2)
    run(table, RECIPE, tmp_path / "broken", resume=True, checkpoint_every=2)
    assert_same_runs(tmp_path / "broken", tmp_path / "whole")


def test_a_row_keeps_its_own_steps(prepared: tuple[Method, Batch]) -> None:
    method, batch = prepared
    outputs = method.look(batch, "target").outputs
    for name in batch.modalities:
        steps = outputs.intermediate[name]["steps"]
        assert_same_bits(steps.lengths, torch.where(batch.has(name), batch.lengths[name], 0))
        beyond = torch.arange(steps.values.shape[1]) >= steps.lengths.unsqueeze(1)
        assert not steps.values[beyond].any()
        assert not batch.has(name).all()
        torch.testing.assert_close(
            outputs.features[name], steps.values.sum(dim=1) / steps.lengths.clamp(min=1).unsqueeze(1)
        )


def test_what_a_sample_gets_depends_on_neither_padding_nor_its_batch(prepared: tuple[Method, Batch]) -> None:
    """Nor does it where nobody in the batch has a modality."""
    method, batch = prepared
    whole = method.look(batch, "target").outputs.features[JOINT]
    for row in range(len(batch)):
        alone = attrs.evolve(
            batch,
            inputs={name: values[row : row + 1] for name, values in batch.inputs.items()},
            lengths={name: values[row : row + 1] for name, values in batch.lengths.items()},
            **{name: getattr(batch, name)[row : row + 1] for name in ("present", "domain", "index", "ids")},
        )
        torch.testing.assert_close(method.look(alone, "target").outputs.features[JOINT], whole[row : row + 1])


@pytest.mark.usefixtures("exports")
def test_an_artefact_that_would_need_them_is_refused(
    prepared: tuple[Method, Batch], table: Table, tmp_path: Path
) -> None:
    schema, _ = make_experiment(table, RECIPE).open()
    message = r"fusion sees features alone, but CrossModalAttention fails .* \(audio/steps, video/steps\): KeyError"
    with pytest.raises(ExportError, match=message):
        export_onnx(prepared[0].model, tmp_path / "artefact", schema)
    fusion = ClassSpec("acclimate.adapters.LateSum")
    plain = attrs.evolve(RECIPE, model=attrs.evolve(RECIPE.model, fusion=fusion))
    export_onnx(prepare(table, plain)[0].model, tmp_path / "artefact", schema)


class Silent(StepEncoder):
    """Announces steps that it does not hand on."""

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        return super().forward(inputs).features


def test_an_encoder_hands_on_what_it_announces(table: Table) -> None:
    experiment = make_experiment(table, RECIPE)
    builder = Builder(RECIPE).with_encoder("audio", Silent(3))
    message = r"audio.* must hand on what its intermediate_shapes announce, \{'steps': \(None, 6\)\}, but did \{\}"
    with pytest.raises(RecipeError, match=message):
        builder.build(experiment.open()[0])
