"""Supervision by hand, with labels missing."""

import math

import attrs
import pytest
import torch
from acclimate.adapters.supervised import Supervised, classification_loss, regression_loss
from acclimate.framework.batch import Term
from acclimate.framework.layout import JOINT
from acclimate.framework.testing import DIGIT, SCORE, Scene, drop, make_layout, make_scene, without_labels

from .toy import make_toy, train


def supervised_terms(aligner: Supervised, scene: Scene) -> dict[str, Term]:
    aligner.bind(scene.layout, {})
    terms: dict[str, Term] = aligner(scene.step())
    return terms


def test_classification_loss_by_hand() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0], [9.0, -9.0]])
    # Softmax 3/4 and 1/4 in the first row, 1/2 in the second; the third has no label.
    labels = torch.tensor([0, 1, -1])
    assert classification_loss(logits, labels).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    counted = torch.tensor([True, False, True])
    assert classification_loss(logits, labels, counted).item() == pytest.approx(math.log(4 / 3))
    # With smoothing 0.2 the label is (0.9, 0.1).
    smooth = classification_loss(logits, labels, counted, label_smoothing=0.2).item()
    assert smooth == pytest.approx(-0.9 * math.log(3 / 4) - 0.1 * math.log(1 / 4))


def test_regression_loss_by_hand() -> None:
    values = torch.tensor([[1.0], [-2.0], [5.0]], requires_grad=True)
    loss = regression_loss(values, torch.tensor([3.0, -2.5, torch.nan]))
    assert loss.item() == pytest.approx((2.0 + 0.5) / 2)
    (gradient,) = torch.autograd.grad(loss, values)
    assert gradient.flatten().tolist() == pytest.approx([-0.5, 0.5, 0.0])


def test_no_label_at_all_is_zero_of_the_graph() -> None:
    scene = make_scene(2, tasks=(DIGIT, SCORE)).change(without_labels)
    terms = supervised_terms(Supervised((JOINT, "audio"), (JOINT, "audio")), scene)
    assert len(terms) == 8
    for term in terms.values():
        assert term.value.item() == pytest.approx(0.0)
        gradients = torch.autograd.grad(
            term.value, list(scene.leaves.values()), retain_graph=True, materialize_grads=True
        )
        assert all((gradient == 0).all() for gradient in gradients)


def test_a_head_learns_from_the_rows_that_have_its_modality() -> None:
    scene = make_scene(2).change(drop(torch.tensor([[True, True], [False, True], [True, True]])))
    assert scene.source is not None
    rows = scene.source.present[:, 0].nonzero().flatten()
    logits = scene.source.features["audio"][rows] @ scene.heads["digit"]["audio"]
    expected = torch.nn.functional.cross_entropy(logits, scene.source.labels["digit"][rows])
    torch.testing.assert_close(supervised_terms(Supervised(("audio",)), scene)["source/audio"].value, expected)


def test_pseudo_labels_come_from_kept_lessons() -> None:
    scene = make_scene(2)
    assert scene.target is not None
    keep = torch.tensor([True, False, True, False, False, True, True])
    lesson = attrs.evolve(scene.target.lessons["digit"], keep=keep)
    scene = attrs.evolve(scene, target=attrs.evolve(scene.target, lessons={"digit": lesson}))
    logits = scene.side("target", labelled=False).outputs.joint_logits("digit")
    expected = torch.nn.functional.cross_entropy(logits[keep], lesson.labels[keep])
    terms = supervised_terms(Supervised((), (JOINT,)), scene)
    assert terms.keys() == {"target/joint"}
    torch.testing.assert_close(terms["target/joint"].value, expected)


def test_a_task_that_the_batch_has_no_labels_of_has_no_term() -> None:
    scene = make_scene(2, tasks=(DIGIT, SCORE))
    step = scene.step()
    assert step.source is not None
    assert step.source.batch.labels is not None
    batch = attrs.evolve(step.source.batch, labels={"score": step.source.batch.labels["score"]})
    aligner = Supervised()
    aligner.bind(scene.layout, {})
    assert aligner(attrs.evolve(step, source=attrs.evolve(step.source, batch=batch))).keys() == {"source/joint/score"}


def test_weights_by_head() -> None:
    aligner = Supervised((JOINT, "modalities"), head_weights={"modalities": 0.1, "audio": 0.5})
    weights = {name: term.weight for name, term in supervised_terms(aligner, make_scene(3)).items()}
    assert weights == pytest.approx({"source/joint": 1.0, "source/audio": 0.5, "source/image": 0.1, "source/text": 0.1})
    only_joint = supervised_terms(Supervised(head_weights={JOINT: 2.0}), make_scene(3))
    assert only_joint["source/joint"].weight == pytest.approx(2.0)


@pytest.mark.parametrize(
    "aligner", [Supervised(("vidoe",)), Supervised((), ("vidoe",)), Supervised(head_weights={"vidoe": 1.0})]
)
def test_bind_refuses_an_unknown_head(aligner: Supervised) -> None:
    with pytest.raises(ValueError, match=r"a head must be one of joint, modalities, audio, image, but got 'vidoe'\."):
        aligner.bind(make_layout(2), {})


def test_refuses_arguments() -> None:
    with pytest.raises(ValueError, match=r"label_smoothing must be within \[0, 1\], but got 1.5\."):
        Supervised(label_smoothing=1.5)
    with pytest.raises(ValueError, match=r"head_weights must not be negative, but got -1.0 for 'audio'\."):
        Supervised(head_weights={"audio": -1.0})


def test_learns() -> None:
    toy = make_toy(2)
    losses = train(toy, Supervised((JOINT, "modalities")))
    assert losses[-1] < 0.1 * losses[0]
    source = toy.side(toy.source, "source")
    assert source.batch.labels is not None
    assert (source.outputs.joint_logits("digit").argmax(dim=1) == source.batch.labels["digit"]).all()
