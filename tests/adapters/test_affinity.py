"""Affinity, the class encoder and the fusion by it, by hand."""

import pytest
import torch
from acclimate.adapters.affinity import AffinityMeasure, log_affinity
from acclimate.adapters.affinity_fusion import Affinity, log_mean_probability
from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.adapters.distillation import ModalAffinityDistillation
from acclimate.framework.batch import Outputs
from acclimate.framework.layout import Layout
from acclimate.framework.testing import DIGIT, SCORE, VERB, make_layout
from torch import nn

SCREAM = AffinityMeasure(tau=1e-6, normalise=False)


def bound_classes(layout: Layout, measure: AffinityMeasure | None = None) -> ClassEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classes = ClassEncoder(measure or AffinityMeasure())
        classes.bind(layout, {})
    return classes


def test_affinity_by_hand() -> None:
    features, others = torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([[5.0, 0.0], [6.0, 8.0], [-0.1, 0.0]])
    expected = torch.tensor([[0.6, 1.0, -0.6], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(log_affinity(features, others), expected / 0.05)
    plain = AffinityMeasure(tau=0.5, normalise=False)
    torch.testing.assert_close(log_affinity(features, others, plain)[0], torch.tensor([30.0, 100.0, -0.6]))


def test_the_scale_of_features_makes_no_difference_if_normalised() -> None:
    features, others = torch.randn(4, 5), torch.randn(3, 5)
    torch.testing.assert_close(log_affinity(features, others), log_affinity(7 * features, others / 9))
    plain = AffinityMeasure(normalise=False)
    assert not torch.allclose(log_affinity(features, others, plain), log_affinity(7 * features, others, plain))


@pytest.mark.parametrize("tau", [0.0, -0.1, float("nan"), float("inf")])
def test_tau_must_be_positive(tau: float) -> None:
    with pytest.raises(ValueError, match="tau must be positive, but got"):
        AffinityMeasure(tau)


def test_a_class_vector_is_what_the_layer_makes_of_the_one_hot_label() -> None:
    classes = bound_classes(make_layout(2, (DIGIT, VERB, SCORE)))
    assert set(classes.layers) == {"digit", "verb"}
    for task in (DIGIT, VERB):
        layer = classes.layers[task.name]
        assert isinstance(layer, nn.Linear)
        nn.init.normal_(layer.bias)
        torch.testing.assert_close(classes.vectors(task.name), layer(torch.eye(task.outputs)))
    assert classes(torch.randn(7, 5), "verb").shape == (7, 4)


def test_features_of_different_sizes_are_refused_with_the_remedy() -> None:
    layout = Layout(("audio", "image"), (DIGIT,), {"audio": 4, "image": 6})
    for part in (ClassEncoder(), ModalAffinityDistillation()):
        with pytest.raises(ValueError, match=r"features of one size, but got .*'image': 6.*; set model.projection"):
            part.bind(layout, {})


def test_projected_features_are_those_that_count() -> None:
    layout = Layout(("audio", "image"), (DIGIT,), {"audio": 4, "image": 6}, {"audio": 3, "image": 3})
    assert bound_classes(layout).vectors("digit").shape == (3, 3)


def test_joint_probabilities_are_the_mean_over_present_modalities() -> None:
    layout = make_layout(2, (DIGIT, SCORE))
    classes = bound_classes(layout)
    fusion = Affinity()
    fusion.bind(layout, {"classes": classes})
    features = {"audio": torch.randn(3, 5), "image": torch.randn(3, 5)}
    scores = {"audio": torch.tensor([[1.0], [2.0], [3.0]]), "image": torch.tensor([[5.0], [6.0], [7.0]])}
    logits = {"digit": {name: torch.randn(3, 3) for name in features}, "score": scores}
    present = torch.tensor([[True, True], [True, False], [False, True]])
    fused = fusion(Outputs(features, logits, dict.fromkeys(logits, features)), present, "target")
    audio, image = (classes(values, "digit").softmax(dim=1) for values in features.values())
    expected = torch.stack([(audio[0] + image[0]) / 2, audio[1], image[2]])
    torch.testing.assert_close(fused.logits["digit"].softmax(dim=1), expected)
    torch.testing.assert_close(fused.logits["digit"].exp(), expected)
    torch.testing.assert_close(fused.logits["score"], torch.tensor([[3.0], [2.0], [7.0]]))
    assert (fused.features[1, 5:] == 0).all()
    assert (fused.features[2, :5] == 0).all()


def test_the_joint_logits_are_finite_however_sure_a_modality_is() -> None:
    layout = make_layout(2)
    fusion = Affinity()
    fusion.bind(layout, {"classes": bound_classes(layout, SCREAM)})
    features = {"audio": torch.randn(4, 5).requires_grad_(), "image": torch.randn(4, 5).requires_grad_()}
    logits = {"digit": {name: torch.randn(4, 3) for name in features}}
    present = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
    joint = fusion(Outputs(features, logits, {"digit": features}), present, "target").logits["digit"]
    assert joint.isfinite().all()
    for gradient in torch.autograd.grad(joint[:3].sum(), list(features.values())):
        assert gradient.isfinite().all()


def test_the_mean_of_one_modality_is_itself() -> None:
    log_probabilities = torch.randn(1, 4, 3).log_softmax(dim=2)
    joint = log_mean_probability(log_probabilities, torch.ones(4, 1, dtype=torch.bool))
    torch.testing.assert_close(joint, log_probabilities[0])


def test_a_recipe_without_a_class_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="parts must hold a ClassEncoder named 'classes', but got None"):
        Affinity().bind(make_layout(2), {})
    with pytest.raises(ValueError, match=r"named 'classes', but got Linear"):
        Affinity().bind(make_layout(2), {"classes": nn.Linear(3, 5)})
