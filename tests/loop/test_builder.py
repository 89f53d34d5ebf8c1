"""The Builder: encoders and models of one's own, seeds, and what does not fit together."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from acclimate.framework import AcclimateError, Builder, Method, MultimodalModel, RecipeError, Schema, Task
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from bits import assert_same_bits, same_bits
from torch import nn

from . import parts
from .parts import AffinityFusion, ClassEncoder
from .small import CLASSES, SOURCE, TARGET, assert_same_tensors, build, class_spec, make_recipe, make_schema, mlp

SHARED = make_recipe(
    model__fusion=class_spec(".AffinityFusion"),
    parts={"classes": class_spec(".ClassEncoder")},
    aligners={"pull": class_spec(".PullToClasses"), "classification": class_spec("Supervised")},
    selector=class_spec(".StudyingSelector"),
)


def frozen_half() -> nn.Sequential:
    """An encoder with statistics that its owner has frozen."""
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.BatchNorm1d(5))
    module[1].eval()
    return module


def test_the_seed_alone_decides_the_weights() -> None:
    before = torch.get_rng_state()
    torch.manual_seed(1)
    first = build(SHARED, seed=3).state_dict()
    torch.manual_seed(2)
    assert_same_tensors(first, build(SHARED, seed=3).state_dict())
    other = build(SHARED, seed=4).state_dict()
    assert any(not same_bits(first[name], other[name]) for name in first)
    torch.set_rng_state(before)


def test_building_leaves_torchs_generator_alone() -> None:
    before = torch.get_rng_state()
    build(SHARED)
    assert_same_bits(torch.get_rng_state(), before)


def test_parts_share_a_module() -> None:
    method = build(SHARED)
    shared = method.parts["classes"]
    fusion, aligner, selector = method.model.fusion, method.aligners["pull"], method.selector
    assert all(getattr(part, "classes") is shared for part in (fusion, aligner, selector))  # noqa: B009 - Module's type


def test_bind_tells_the_number_of_samples() -> None:
    selector = build(SHARED).selector
    assert selector is not None
    assert selector.state_dict()["labels"].shape == (TARGET,)


@pytest.mark.parametrize("out_features", [None, 5])
def test_any_module_is_an_encoder(out_features: int | None) -> None:
    module = nn.Sequential(nn.Linear(4, 5), nn.Tanh())
    method = Builder(make_recipe()).with_encoder("audio", module, out_features).build(make_schema())
    assert method.model.feature_sizes == {"audio": 5, "video": 5}
    assert module[0].weight in set(method.model.parameters())


def test_an_encoder_of_ones_own_keeps_its_weights_and_modes() -> None:
    module = frozen_half()
    before = deepcopy(module.state_dict())
    Builder(make_recipe()).with_encoder("audio", module).build(make_schema())
    assert_same_tensors(before, module.state_dict())
    assert [part.training for part in module] == [True, False, True]


def test_a_trained_model_stays_as_it_is() -> None:
    trained = build(make_recipe()).model
    for parameter in trained.parameters():
        nn.init.uniform_(parameter)
    trained.encoders["audio"].eval()
    before = deepcopy(trained.state_dict())
    method = Builder(make_recipe(aligners={"rna": class_spec("RelativeNormAlignment")})).with_model(trained)
    assert method.build(make_schema(), seed=8).model is trained
    assert_same_tensors(before, trained.state_dict())
    assert not trained.encoders["audio"].training
    assert trained.encoders["video"].training


def test_the_joint_head_of_a_trained_model_is_not_made_again() -> None:
    recipe = make_recipe(model__fusion=class_spec(".JointHead"))
    trained = build(recipe).model
    before = deepcopy(trained.state_dict())
    assert "fusion.head.weight" in before
    assert_same_tensors(before, Builder(recipe).with_model(trained).build(make_schema(), seed=5).model.state_dict())


def test_a_trained_model_goes_on_sharing_its_parts() -> None:
    trained = build(SHARED)
    fusion, shared = trained.model.fusion, trained.parts["classes"]
    again = Builder(SHARED).with_model(trained.model).with_part("classes", shared)
    method = again.build(make_schema(), {"source": SOURCE, "target": TARGET}, seed=5)
    assert isinstance(fusion, AffinityFusion)
    assert method.model.fusion is fusion
    assert fusion.classes is shared
    assert getattr(method.selector, "classes") is shared  # noqa: B009 - Module's type


def test_a_trained_model_cannot_silently_lose_a_part_that_it_shares() -> None:
    trained = build(SHARED).model
    with pytest.raises(RecipeError, match="the model may share the part 'classes'"):
        Builder(SHARED).with_model(trained).build(make_schema(), {"target": TARGET})


def other_schema(sizes: dict[str, int], classes: tuple[str, ...] = CLASSES) -> Schema:
    preprocessing = {name: FeaturesPreprocessing(mean=[0.0] * size, std=[1.0] * size) for name, size in sizes.items()}
    return Schema(preprocessing, (Task("label", classes),))


def trained_model() -> MultimodalModel:
    model: MultimodalModel = build(make_recipe()).model
    return model


def encoders(name: str, spec: dict[str, object]) -> Callable[[], Builder]:
    return lambda: Builder(make_recipe(model__encoders={name: spec}))


def with_wide_init(size: int) -> dict[str, object]:
    return {"class_path": "acclimate.framework.encoders.MLP", "init_args": {"in_features": size}}


MISFITS: dict[str, tuple[Callable[[], Builder], str]] = {
    "own encoder of an unknown modality": (
        lambda: Builder(make_recipe()).with_encoder("adio", nn.Linear(4, 5)),
        "small: an encoder is given for 'adio', which is neither a modality nor a kind of input here; did you mean",
    ),
    "encoder of an unknown modality": (
        encoders("image", mlp()),
        "which is neither a modality nor a kind of input here; there are audio, video, features",
    ),
    "own encoder of another size": (
        lambda: Builder(make_recipe()).with_encoder("audio", nn.Linear(7, 5)),
        "small: the encoder given for 'audio': Linear does not take inputs of shape (2, 4)",
    ),
    "own encoder that says another number of features": (
        lambda: Builder(make_recipe()).with_encoder("audio", nn.Sequential(nn.Linear(4, 5)), 6),
        "small: the encoder given for 'audio': Sequential must give 6 features, but gave 5.",
    ),
    "own Encoder of another size": (
        lambda: Builder(make_recipe()).with_encoder("audio", trained_model().encoders["video"]),
        "small: the encoder given for 'audio' does not take inputs of shape (2, 4), which the data have",
    ),
    "encoder of another size": (
        encoders("audio", with_wide_init(9)),
        "small: model.encoders.audio does not take inputs of shape (2, 4), which the data have",
    ),
    "encoder with an unknown argument": (
        encoders("audio", {"class_path": "acclimate.framework.encoders.MLP", "init_args": {"hiden": []}}),
        "small: model.encoders.audio: MLP takes the arguments",
    ),
    "encoder that is none": (
        encoders("audio", class_spec("LateSum")),
        "small: model.encoders.audio: acclimate.adapters.LateSum must be an Encoder, but is none",
    ),
    "encoder that does not exist": (
        encoders("audio", class_spec("Nope")),
        "small: model.encoders.audio: no class 'acclimate.adapters.Nope'",
    ),
    "model and encoder": (
        lambda: Builder(make_recipe()).with_model(trained_model()).with_encoder("audio", nn.Linear(4, 5)),
        "small: a model is given, so no encoder can be, but got one for 'audio'",
    ),
    "part that the recipe lacks": (
        lambda: Builder(SHARED).with_part("clases", ClassEncoder()),
        "small: a part 'clases' is given, which the recipe does not have; did you mean 'classes'?",
    ),
    "aligner with a dot in its name": (
        lambda: Builder(make_recipe(aligners={"a.b": class_spec("Supervised")})),
        'small: module name can\'t contain ".", got: a.b',
    ),
    "part that cannot be bound": (
        lambda: Builder(make_recipe(aligners={"heads": class_spec("Supervised", heads=["smell"])})),
        "small: heads: a head must be one of joint, modalities, audio, video, but got 'smell'.",
    ),
    "features of two sizes": (
        lambda: Builder(make_recipe(aligners={"rna": class_spec("RelativeNormAlignment")})).with_encoder(
            "audio", nn.Linear(4, 7)
        ),
        "small: rna: RNA compares norms of features of one size",
    ),
}


@pytest.mark.parametrize(("make", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_one_line_that_names_it(make: Callable[[], Builder], message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        make().build(make_schema(), {"source": SOURCE, "target": TARGET})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (other_schema({"audio": 4}), "the model has modalities ('audio', 'video')"),
        (other_schema({"audio": 4, "video": 3}, ("no", "yes")), "but the data have"),
        (other_schema({"audio": 4, "video": 6}), "the model's encoder of 'video' does not take inputs of shape (2, 6)"),
    ],
)
def test_a_model_that_does_not_fit_the_schema_is_refused(schema: Schema, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)):
        Builder(make_recipe()).with_model(trained_model()).build(schema)


def test_a_task_may_have_a_name_that_torch_needs() -> None:
    method = Builder(make_recipe()).build(Schema(make_schema().preprocessing, (Task("type", CLASSES),)))
    assert list(method.model.heads) == ["type"]


def test_a_kind_of_input_and_a_modality_can_have_encoders_of_their_own() -> None:
    wide = {"class_path": "acclimate.framework.encoders.MLP", "init_args": {"out_features": 7}}
    method: Method = build(make_recipe(model__encoders={"features": mlp(), "video": wide}))
    assert method.model.feature_sizes == {"audio": 5, "video": 7}


@pytest.mark.parametrize(("text", "error"), [("three", ValueError), ("3", KeyError)])
def test_a_mistake_in_a_users_bind_keeps_its_trace(text: str, error: type[Exception]) -> None:
    """It is no rule that a layout breaks, of which one line says all."""
    with pytest.raises(error) as caught:
        build(make_recipe(aligners={"own": class_spec(".Mistaken", text=text)}))
    assert not isinstance(caught.value, AcclimateError)
    assert caught.traceback[-1].path == Path(parts.__file__)
