"""A3D2's terms against golden arrays, values and gradients."""

import pytest
import torch
from acclimate.adapters.anchor_drag_drift import coordinate_cost, transport_objective
from acclimate.adapters.class_distances import class_distances, domain_distance
from acclimate.adapters.conditional_adversarial import conditional_map, discrimination
from acclimate.adapters.domain_adversarial import domain_loss
from acclimate.adapters.transport import exact_plan, optimal_assignment
from bits import assert_same_bits

from .golden import DTYPES, Golden, golden_names

pytestmark = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.mark.parametrize("name", golden_names("a3d2_conditional_map"))
def test_conditional_map(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    probabilities = golden["logits"].softmax(dim=1)
    s = conditional_map(golden["z"], probabilities)
    golden.compare("prob", probabilities)
    golden.compare("s", s)
    golden.compare("contraction", (s * golden["cotangent"]).sum())
    golden.close()


@pytest.mark.parametrize("name", golden_names("a3d2_domain_losses"))
def test_domain_losses(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    one_logit = golden["logit1_s"].unsqueeze(1), golden["logit1_t"].unsqueeze(1)
    two_logits = golden["logit2_s"], golden["logit2_t"]
    golden.compare("L_D_paper", discrimination(*one_logit))
    golden.compare("bce_concat_mean", domain_loss(*one_logit))
    golden.compare("bce_mean_of_domain_means", domain_loss(*one_logit, average="sides"))
    golden.compare("ce_concat_mean", domain_loss(*two_logits))
    golden.compare("ce_mean_of_domain_means", domain_loss(*two_logits, average="sides"))
    golden.close()


@pytest.mark.parametrize("name", golden_names("a3d2_ot__"))
def test_transport(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    drift, anchor = golden["drift"], golden["anchor"]
    cost = coordinate_cost(drift, anchor)
    columns = optimal_assignment(cost.detach())
    plan = exact_plan(cost.detach())
    golden.compare("cost", cost)
    golden.compare("plan_column_of_row", columns)
    assert_same_bits(plan.argmax(dim=1), columns)
    golden.compare("objective", transport_objective(cost, plan))
    first = 0.95 * torch.eye(len(plan), dtype=dtype) / len(plan) + 0.05 * plan
    moving = transport_objective(cost, first)
    golden.compare("loss_ema_first_step", moving)
    golden.compare("grad_ema_wrt_drift", torch.autograd.grad(moving, drift)[0])
    # By how much the second best permutation is worse: not a quantity of the method.
    golden.close("out__plan_gap")


@pytest.mark.parametrize("name", golden_names("a3d2_ot_predictions"))
def test_transport_of_predictions(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    cost = coordinate_cost(golden["drift_logits"].softmax(dim=1), golden["anchor_logits"].softmax(dim=1))
    golden.compare("cost", cost)
    golden.compare("plan_column_of_row", optimal_assignment(cost.detach()))
    golden.compare("objective", transport_objective(cost, exact_plan(cost.detach())))
    golden.close()


@pytest.mark.parametrize("name", golden_names("a3d2_domain_distance"))
def test_domain_distance(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    features, labels = (golden["z_s"], golden["z_t"]), (golden["y_s"], golden["y_t"])
    classes = golden.constants["C"]
    distances, shared = class_distances(*features, *labels, classes)
    golden.compare("per_class_distance", distances)
    golden.compare("present_both", shared.long())
    golden.compare("D_m_over_present", domain_distance(*features, *labels, classes))
    golden.compare("D_m_over_C", domain_distance(*features, *labels, classes, over="all"))
    golden.close()
