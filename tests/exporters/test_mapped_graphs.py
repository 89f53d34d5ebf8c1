"""Input maps in numpy, in torch and in graphs of every form and precision: the same numbers, whatever is absent."""

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import onnx
import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import MeanModel, Session, SessionPredictor, export_onnx
from acclimate.exporters.artefact import Form, Precision
from acclimate.exporters.graph import value_names
from acclimate.exporters.input_map_nodes import put_map
from acclimate.framework import Encoder, EncoderInput, ExportError, MultimodalModel, Schema
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.input_maps import Affine, Composition, Filtering, Flip, InputMap
from acclimate.framework.tensors.input_maps import TensorMap
from acclimate.framework.training.torch_predictor import TorchPredictor
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from .trio import FORMS, MaskedMean, Plain, Words, make_schema

MIXED = Affine("mixed", ((0.0, 2.0), (-1.0, 0.5)), (0.25, 0.0))
ECHO = Filtering("echo", (1.0, 0.0, 0.5), axis=1)
BACKWARDS = Flip("reversed", axis=1)
ALL = Composition("all three", (MIXED, ECHO, BACKWARDS))
PLACE = Affine("scaled", (2.0, -1.0, 0.5), (0.0, 1.0, 0.0))
MAPS: list[InputMap] = [MIXED, ECHO, BACKWARDS, ALL]
PLAIN = make_schema()
SCHEMA = attrs.evolve(PLAIN, maps={"motion": ALL, "place": PLACE})


def make_model(schema: Schema = SCHEMA) -> MultimodalModel:
    torch.manual_seed(0)
    words = schema.preprocessing["note"].indices or 0
    encoders: dict[str, Encoder] = {"motion": MaskedMean(2), "note": Words(words), "place": Plain(3)}
    model = MultimodalModel(encoders, schema.tasks, LateSum(), input_maps=schema.maps).eval()
    # Random heads say little: with larger ones, a map that is not there would be seen.
    with torch.no_grad():
        for weight in model.heads.parameters():
            weight.mul_(5)
    return model


def draw(rows: int, steps: int = 16) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(0)
    return {
        "motion": generator.standard_normal((rows, 2, steps), dtype=np.float32),
        "note": generator.integers(SCHEMA.preprocessing["note"].indices or 0, size=(rows, steps)),
        "place": generator.standard_normal((rows, 3), dtype=np.float32),
    }


PRESENT = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 1]], bool)
LENGTHS = {"motion": np.array([16, 7, 1, 1]), "note": np.array([3, 1, 16, 1])}


@pytest.mark.parametrize("found", MAPS, ids=lambda found: found.name)
@pytest.mark.parametrize("told", [False, True])
def test_numpy_and_torch_agree(found: InputMap, *, told: bool) -> None:
    values, lengths = draw(4)["motion"], LENGTHS["motion"] if told else None
    tensors = TensorMap(found)(torch.from_numpy(values), None if lengths is None else torch.from_numpy(lengths))
    np.testing.assert_allclose(tensors, found(values, lengths), rtol=1e-5, atol=1e-6)


def test_pictures_are_mapped_along_their_channels() -> None:
    values = np.random.default_rng(0).standard_normal((2, 2, 3, 4), dtype=np.float32)
    for found in (MIXED, Affine("scaled", (2.0, 3.0), (1.0, 0.0)), Flip("mirrored", axis=2)):
        np.testing.assert_allclose(TensorMap(found)(torch.from_numpy(values)), found(values), rtol=1e-5, atol=1e-6)


def test_a_map_keeps_its_precision_under_autocast() -> None:
    values = torch.from_numpy(draw(4)["motion"])
    with torch.autocast("cpu", torch.bfloat16):
        mapped = TensorMap(MIXED)(values)
    torch.testing.assert_close(mapped, TensorMap(MIXED)(values))


def test_torch_exports_maps_too(exports: None) -> None:
    program = torch.onnx.export(
        TensorMap(ALL).eval(), (torch.zeros(2, 2, 5), torch.ones(2, dtype=torch.long)), verbose=False
    )
    assert program is not None
    values, lengths = draw(2, 5)["motion"], np.array([5, 3])
    names = [port.name for port in program.model_proto.graph.input]
    (found,) = ReferenceEvaluator(program.model_proto).run(None, dict(zip(names, (values, lengths), strict=True)))
    np.testing.assert_allclose(found, ALL(values, lengths), rtol=1e-5, atol=1e-6)


def test_the_target_is_mapped_and_the_source_is_not() -> None:
    model, plain = make_model(), make_model(PLAIN)
    inputs = {name: torch.from_numpy(values) for name, values in draw(4).items()}
    lengths = {name: torch.from_numpy(found) for name, found in LENGTHS.items()}
    present = torch.from_numpy(PRESENT)
    mapped = {
        **inputs,
        "motion": TensorMap(ALL)(inputs["motion"], lengths["motion"]),
        "place": TensorMap(PLACE)(inputs["place"]),
    }
    found, expected = model(inputs, present, "target", lengths), plain(mapped, present, "target", lengths)
    torch.testing.assert_close(found.logits["label"]["joint"], expected.logits["label"]["joint"])
    unmapped = plain(inputs, present, "source", lengths).logits["label"]["joint"]
    torch.testing.assert_close(model(inputs, present, "source", lengths).logits["label"]["joint"], unmapped)
    assert not torch.allclose(unmapped, found.logits["label"]["joint"], atol=0.1)


def test_maps_are_no_weights() -> None:
    assert list(make_model().state_dict()) == list(make_model(PLAIN).state_dict())
    assert len(list(make_model().buffers())) == len(list(make_model(PLAIN).buffers()))


def test_a_model_refuses_maps_of_no_modality() -> None:
    with pytest.raises(ValueError, match="an input map must be of a modality, place, but got 'motion'"):
        MultimodalModel({"place": Plain(3)}, PLAIN.tasks, LateSum(), input_maps={"motion": MIXED})


@pytest.mark.parametrize("form", FORMS)
def test_artefacts_of_every_form_say_what_torch_says(form: Form, tmp_path: Path, exports: None) -> None:
    model = make_model()
    export_onnx(model, tmp_path, SCHEMA, form=form)
    session = Session(tmp_path)
    assert session.schema == SCHEMA
    inputs = draw(4)
    for column, name in enumerate(inputs):
        if name != "note":
            inputs[name][~PRESENT[:, column]] = np.nan
    found = SessionPredictor(session)(inputs, PRESENT, LENGTHS)
    expected = TorchPredictor(model)(inputs, PRESENT, LENGTHS)
    for name, values in expected["label"].items():
        assert np.isfinite(values).all()
        np.testing.assert_allclose(found["label"][name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_artefacts_of_lower_precision_are_mapped_in_full(precision: Precision, tmp_path: Path, exports: None) -> None:
    model, inputs = make_model(), draw(64)
    inputs["note"] = inputs["note"][:, : SCHEMA.preprocessing["note"].shape[0]]
    samples = Arrays(
        inputs,
        np.ones((64, 3), bool),
        None,
        tuple(map(str, range(64))),
        ("t",) * 64,
        np.arange(64),
        {name: np.full(64, inputs[name].shape[-1]) for name in LENGTHS},
    )
    export_onnx(model, tmp_path, SCHEMA, precision=precision, samples=samples, minimum_agreement=0.9)
    found = SessionPredictor(Session(tmp_path))(inputs, samples.present, samples.lengths)["label"]["joint"]
    expected = TorchPredictor(model)(inputs, samples.present, samples.lengths)["label"]["joint"]
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert any("/maps/motion/0/conv" in name for name in value_names(graph))


def test_a_schema_of_other_maps_than_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="the model maps its inputs motion: all three, place: scaled, but the schema"):
        export_onnx(make_model(), tmp_path, PLAIN)


@pytest.mark.parametrize("found", [*MAPS, Flip("upside down", axis=0)], ids=lambda found: found.name)
@pytest.mark.parametrize("told", [False, True])
def test_nodes_say_what_numpy_says(found: InputMap, *, told: bool) -> None:
    """By onnx's own reference, which has each operator as its specification says."""
    ports = [onnx.helper.make_tensor_value_info("motion", onnx.TensorProto.FLOAT, ["batch", 2, None])]
    ports += [onnx.helper.make_tensor_value_info("motion_length", onnx.TensorProto.INT64, ["batch"])]
    out = onnx.helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, ["batch", 2, None])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["motion"], ["out"])], "g", ports, [out])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)])
    lengths = told and not (isinstance(found, Flip) and found.axis == 0)
    put_map(model, "motion", found, "motion_length" if lengths else None)
    put_map(model, "motion", found, "motion_length" if lengths else None)
    onnx.checker.check_model(model)
    values = draw(4)["motion"]
    (mapped,) = ReferenceEvaluator(model).run(None, {"motion": values, "motion_length": LENGTHS["motion"]})
    own = LENGTHS["motion"] if lengths else None
    np.testing.assert_allclose(mapped, found(found(values, own), own), rtol=1e-4, atol=1e-5)


class Blind(Encoder):
    """Is told no lengths, and takes all steps for data."""

    out_features = 4

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(32, 4)

    def forward(self, inputs: EncoderInput) -> torch.Tensor:
        """Encode `(B, 2, 16)`."""
        made: torch.Tensor = self.layer(inputs.values.flatten(1))
        return made


def test_an_encoder_that_is_told_no_lengths_sees_all_turned_round(tmp_path: Path, exports: None) -> None:
    schema = Schema({"motion": PLAIN.preprocessing["motion"]}, PLAIN.tasks[:1], {"motion": BACKWARDS})
    model = MultimodalModel({"motion": Blind()}, schema.tasks, LateSum(), input_maps=schema.maps).eval()
    export_onnx(model, tmp_path, schema)
    values, lengths, present = draw(4)["motion"], {"motion": LENGTHS["motion"]}, np.ones((4, 1), bool)
    found = SessionPredictor(Session(tmp_path))({"motion": values}, present, lengths)["label"]["joint"]
    expected = TorchPredictor(model)({"motion": values}, present, lengths)["label"]["joint"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    whole = TorchPredictor(model)({"motion": values}, present)["label"]["joint"]
    np.testing.assert_allclose(expected, whole, rtol=1e-5)


def test_a_mean_of_models_keeps_the_maps_of_each() -> None:
    """One of them was trained on mapped inputs, and the other was not."""
    models = [make_model(), make_model(PLAIN)]
    inputs = {name: torch.from_numpy(values) for name, values in draw(4).items()}
    lengths = {name: torch.from_numpy(found) for name, found in LENGTHS.items()}
    present = torch.from_numpy(PRESENT)
    said = [model(inputs, present, "target", lengths).joint_logits("label").softmax(dim=1) for model in models]
    assert not torch.allclose(said[0], said[1], atol=0.05)
    mean = MeanModel(models).eval()(inputs, present, "target", lengths).joint_logits("label").exp()
    torch.testing.assert_close(mean, (said[0] + said[1]) / 2)
    plain = models[1](inputs, present, "source", lengths).joint_logits("label").softmax(dim=1)
    as_source = MeanModel(models).eval()(inputs, present, "source", lengths).joint_logits("label").exp()
    torch.testing.assert_close(as_source, plain)
