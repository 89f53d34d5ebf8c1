"""Every pure loss against finite differences, in float64."""

from collections.abc import Callable

import pytest
import torch
from acclimate.adapters.affinity import AffinityMeasure, log_affinity
from acclimate.adapters.affinity_fusion import log_mean_probability
from acclimate.adapters.anchor_drag_drift import coordinate_cost, transport_objective
from acclimate.adapters.canonical_correlation import contraction
from acclimate.adapters.class_distances import domain_distance
from acclimate.adapters.conditional_adversarial import conditional_map, discrimination
from acclimate.adapters.contrast import ContrastForm
from acclimate.adapters.covariances import coral_loss
from acclimate.adapters.distillation import distillation_loss
from acclimate.adapters.domain_adversarial import domain_loss
from acclimate.adapters.domain_generator import bridge_domains, gate, soft_domain_loss
from acclimate.adapters.information_bottleneck import log_variance
from acclimate.adapters.information_maximisation import information_maximisation_loss
from acclimate.adapters.maximum_mean_discrepancy import multi_kernel, squared_distances
from acclimate.adapters.metric_learning import metric_learning_loss
from acclimate.adapters.rna import NormComparison, adaptation_loss, generalisation_loss
from acclimate.adapters.supervised import classification_loss, regression_loss
from acclimate.adapters.transport import exact_plan
from acclimate.framework.measures.norm_statistics import coefficient_of_variation
from acclimate.framework.measures.norms import norm_table
from acclimate.framework.tensors.unit_norm import to_unit_norm
from torch import Tensor
from torch.autograd import gradcheck

WARM = AffinityMeasure(tau=0.5)
LABELS = torch.tensor([0, 2, 0, 2, 0])
PRESENT = torch.tensor([[1, 1], [1, 0], [1, 1], [0, 1], [1, 1]], dtype=torch.bool)


def generalisation(audio: Tensor, video: Tensor) -> Tensor:
    """RNA on one side, a class absent and rows missing."""
    return generalisation_loss(norm_table([audio, video], PRESENT, LABELS, 3))


def adaptation(audio: Tensor, video: Tensor) -> Tensor:
    """RNA on two sides that share no class but one."""
    source = norm_table([audio, video], PRESENT, LABELS, 3)
    target = norm_table([video, audio], PRESENT, LABELS.flip(0).clamp(max=1), 3)
    return adaptation_loss(source, target)


def earlier_form(audio: Tensor, video: Tensor) -> Tensor:
    """The WACV form, classes averaged."""
    return generalisation_loss(
        norm_table([audio, video], PRESENT, LABELS, 3), comparison=NormComparison("wacv", "mean")
    )


def variation(audio: Tensor, video: Tensor) -> Tensor:
    """The coefficient of variation of mean norms."""
    return coefficient_of_variation(norm_table([audio, video], PRESENT).overall.values)


def classification(audio: Tensor, video: Tensor) -> Tensor:
    """Cross-entropy with one row that does not count."""
    return classification_loss(audio + video, LABELS, PRESENT[:, 0], label_smoothing=0.1)


def regression(audio: Tensor, video: Tensor) -> Tensor:
    """Absolute error, away from its kink."""
    return regression_loss((audio + video)[:, :1], torch.full((5,), 50.0, dtype=torch.float64))


def metric_learning(audio: Tensor, video: Tensor, form: ContrastForm) -> Tensor:
    """MOML with a class absent and a row that does not count; the rows of the second are class vectors."""
    return metric_learning_loss(log_affinity(audio, video, WARM), LABELS, PRESENT[:, 1], form)


def distillation(audio: Tensor, video: Tensor, form: ContrastForm) -> Tensor:
    """MOD with a row that is not taught."""
    return distillation_loss(audio, video, LABELS, PRESENT[:, 0], form=form, affinity=WARM)


def mean_probability(audio: Tensor, video: Tensor) -> Tensor:
    """Fusion by affinity."""
    return log_mean_probability(torch.stack([audio, video]).log_softmax(dim=2), PRESENT)


def matched(audio: Tensor, video: Tensor) -> Tensor:
    """Transport of coordinates, whose plan stays as it is nearby."""
    cost = coordinate_cost(to_unit_norm(audio), to_unit_norm(video), PRESENT[:, 0])
    return transport_objective(cost, exact_plan(cost))


@pytest.mark.parametrize(
    "loss",
    [
        generalisation,
        adaptation,
        earlier_form,
        variation,
        classification,
        regression,
        pytest.param(lambda audio, video: domain_loss(audio[:, :2], video[:, 2:]), id="domain"),
        pytest.param(lambda audio, video: domain_loss(audio[:, :1], video[:3, 1:2], average="sides"), id="one-logit"),
        pytest.param(lambda audio, video: discrimination(audio[:, :1], video[:, :1], PRESENT[:, 0]), id="a3d2-l-d"),
        pytest.param(lambda audio, video: conditional_map(audio, video.softmax(dim=1)), id="conditional-map"),
        matched,
        pytest.param(
            lambda audio, video: domain_distance(audio, video, LABELS, LABELS.flip(0), 3), id="domain-distance"
        ),
        pytest.param(lambda audio, video: metric_learning(audio, video, "ratio"), id="moml-ratio"),
        pytest.param(lambda audio, video: metric_learning(audio, video, "sample"), id="moml-sample"),
        pytest.param(lambda audio, video: distillation(audio, video, "ratio"), id="mod-ratio"),
        pytest.param(lambda audio, video: distillation(audio, video, "sample"), id="mod-sample"),
        pytest.param(mean_probability, id="log-mean-probability"),
        pytest.param(lambda audio, video: log_variance(audio * video, PRESENT[:, 0]), id="log-variance"),
        pytest.param(lambda audio, video: log_variance(audio + video, form="log1p", correction=1), id="log1p-variance"),
        pytest.param(coral_loss, id="coral"),
        pytest.param(
            lambda audio, video: coral_loss(
                audio, video, PRESENT[:, 0], PRESENT[:, 1], normalised=True, statistic="second_moment"
            ),
            id="coral-second-moment",
        ),
        pytest.param(
            lambda audio, video: contraction(audio[:, :2], video[:, 2:], [audio[:, 2:]], [video[:, :2]]),
            id="osan-contraction",
        ),
        pytest.param(
            lambda audio, video: bridge_domains(audio, video * gate(audio.exp(), "max"), 0.85), id="osan-bridge"
        ),
        pytest.param(
            lambda audio, video: soft_domain_loss(audio[:, :2], video[:, 2:], 0.85), id="osan-soft-domain-loss"
        ),
        pytest.param(
            lambda audio, video: multi_kernel(squared_distances(audio * video), audio.new_tensor(2.0)), id="mk-mmd"
        ),
        pytest.param(lambda audio, video: to_unit_norm(audio + video).sin(), id="unit-norm"),
        pytest.param(lambda audio, video: information_maximisation_loss(audio * video), id="information"),
    ],
)
def test_gradients_are_those_of_finite_differences(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    audio, video = (torch.randn(5, 4, dtype=torch.float64, generator=generator) for _ in range(2))
    assert gradcheck(loss, (audio.requires_grad_(), video.requires_grad_()))
