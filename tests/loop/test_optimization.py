"""The optimiser: groups by pattern, what can be wrong, and its state without a pickle."""

import json
import re

import pytest
import torch
from acclimate.framework import ClassSpec, LearningRate, RecipeError, Training, Update
from acclimate.framework.training.optimisation import (
    bind_update,
    load_optimizer_state,
    make_optimizer,
    make_schedules,
    optimizer_state,
    set_learning_rates,
)
from bits import same_bits
from torch import nn

ADAM = ClassSpec("torch.optim.Adam", {"lr": 0.1})


def make_module() -> nn.ModuleDict:
    torch.manual_seed(0)
    shared = nn.Linear(2, 2)
    return nn.ModuleDict({"model": shared, "head": nn.Linear(2, 1), "parts": nn.ModuleDict({"shared": shared})})


def make_groups(training: Training) -> list[tuple[float, LearningRate]]:
    """The rate and the schedule of each group."""
    groups = make_optimizer(make_module(), training).param_groups
    return list(zip([group["lr"] for group in groups], make_schedules(make_module(), training), strict=True))


def step(module: nn.ModuleDict, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(module["head"](module["model"](torch.ones(3, 2))).square().sum())
    optimizer.step()


def test_the_first_pattern_that_fits_decides() -> None:
    training = Training(optimizer=ADAM, parameter_groups={"head.*": {"lr": 0.5}, "*.bias": {"weight_decay": 0.3}})
    groups = make_optimizer(make_module(), training).param_groups
    found = sorted((group["lr"], group["weight_decay"], len(group["params"])) for group in groups)
    assert found == [pytest.approx(one) for one in ((0.1, 0.0, 1), (0.1, 0.3, 1), (0.5, 0.0, 2))]


def test_what_is_frozen_is_left_out() -> None:
    module = make_module()
    module["model"].requires_grad_(requires_grad=False)
    (group,) = make_optimizer(module, Training(optimizer=ADAM)).param_groups
    assert len(group["params"]) == 2


def test_a_shared_part_is_found_by_each_of_its_names() -> None:
    module = make_module()
    for pattern in ("model.*", "parts.*"):
        bound = bind_update(module, Update(parameters=(pattern,)))
        assert set(bound.moved) == set(module["model"].parameters())
        assert set(bound.frozen) == set(module["head"].parameters())
    groups = make_optimizer(module, Training(optimizer=ADAM, parameter_groups={"parts.*": {"lr": 0.5}})).param_groups
    found = sorted((group["lr"], len(group["params"])) for group in groups)
    assert found == [pytest.approx(one) for one in ((0.1, 2), (0.5, 2))]


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (Training(optimizer=ClassSpec("torch.optim.Adamm")), "training.optimizer: "),
        (Training(optimizer=ClassSpec("torch.nn.Linear")), "training.optimizer: "),
        (Training(optimizer=ClassSpec("torch.optim.Adam", {"lrr": 1})), "training.optimizer: "),
        (Training(optimizer=ClassSpec("torch.optim.Adam", {"lr": -1.0})), "training.optimizer: Invalid learning rate"),
        (
            Training(optimizer=ADAM, parameter_groups={"modle.*": {"lr": 1.0}}),
            "training.parameter_groups: no trainable parameter is called 'modle.*'; there are model.weight, ",
        ),
        (
            Training(optimizer=ADAM, parameter_groups={"head.*": {"lrr": 1.0}}),
            "training.parameter_groups.head.*: no option 'lrr'; did you mean 'lr'?",
        ),
        (
            Training(optimizer=ADAM, parameter_groups={"head.*": {"weight_decay": "1e-3"}}),
            "training.parameter_groups.head.*.weight_decay must be a number, but got '1e-3' (YAML wants a point",
        ),
        (
            Training(optimizer=ADAM, parameter_groups={"head.*": {"lr_factor": "ten"}}),
            "training.parameter_groups.head.*.lr_factor must be a positive number, but got 'ten'",
        ),
        (
            Training(optimizer=ADAM, parameter_groups={"head.*": {"lr_factor": 2, "lr": 0.1}}),
            "training.parameter_groups.head.* must have lr or lr_factor, but has both",
        ),
        (
            Training(optimizer=ADAM, parameter_groups={"head.*": {"learning_rate": {"decay": "invers"}}}),
            "training.parameter_groups.head.*.learning_rate: decay must be one of 'constant', 'cosine', ",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(training: Training, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        make_groups(training)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        ADAM,
        ClassSpec("torch.optim.AdamW", {"lr": 0.1, "amsgrad": True}),
        ClassSpec("torch.optim.SGD", {"lr": 0.1}),
        ClassSpec("torch.optim.SGD", {"lr": 0.1, "momentum": 0.9}),
        ClassSpec("torch.optim.RMSprop", {"lr": 0.1, "centered": True}),
    ],
)
def test_the_state_goes_through_tensors_and_json(spec: ClassSpec) -> None:
    training = Training(optimizer=spec, parameter_groups={"head.*": {"lr": 0.05}})
    module, other = make_module(), make_module()
    optimizer = make_optimizer(module, training)
    for progress in (0.0, 0.5):
        set_learning_rates(optimizer, [LearningRate("linear")] * 2, progress)
        step(module, optimizer)
    tensors, plain = optimizer_state(optimizer)
    copied = {name: tensor.clone() for name, tensor in tensors.items()}
    other.load_state_dict(module.state_dict())
    again = make_optimizer(other, training)
    load_optimizer_state(again, copied, json.loads(json.dumps(plain)))
    for _ in range(2):
        step(module, optimizer)
        step(other, again)
    assert all(same_bits(module.state_dict()[name], value) for name, value in other.state_dict().items())


def test_the_learning_rate_is_a_factor_on_each_groups_first_one() -> None:
    training = Training(ADAM, learning_rate=LearningRate("linear"), parameter_groups={"head.*": {"lr": 0.5}})
    optimizer = make_optimizer(make_module(), training)
    for progress in (0.5, 0.9):
        set_learning_rates(optimizer, make_schedules(make_module(), training), progress)
    assert sorted(group["lr"] for group in optimizer.param_groups) == pytest.approx([0.01, 0.05])


def test_a_group_has_a_factor_on_the_rate_and_a_schedule_of_its_own() -> None:
    groups = {"head.*": {"lr_factor": 10, "learning_rate": {"decay": "inverse"}}, "*.bias": {"weight_decay": 0.3}}
    training = Training(ClassSpec("torch.optim.SGD", {"lr": 0.1}), parameter_groups=groups)
    optimizer, schedules = make_optimizer(make_module(), training), make_schedules(make_module(), training)
    set_learning_rates(optimizer, schedules, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1, 0.1, 6**-0.75])
