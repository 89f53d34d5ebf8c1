"""Pairs of source and target samples: by hand, at their edges, and what tensor alignment learns from them."""

import pytest
import torch
from acclimate.adapters.pairing import Pairing, class_pairs, draw_partners, nearest_pairs, pair_sides, random_pairs
from acclimate.framework.layout import JOINT
from acclimate.framework.testing import DIGIT, SCORE, VERB, Scene, make_scene, one_class, without_labels
from bits import assert_same_bits, same_bits
from osan_pairing import make_clusters, noise_correlation, similarities, train_projections
from torch import Tensor

SIZES = [(5, 5), (3, 8), (8, 3), (1, 1), (1, 4), (4, 1)]


def pairs_of(pairing: Pairing, scene: Scene) -> Tensor:
    return pair_sides(pairing, scene.step(), scene.layout)


@pytest.mark.parametrize("sizes", SIZES)
def test_random_pairs_use_each_source_sample_as_often(sizes: tuple[int, int]) -> None:
    pairs = random_pairs(*sizes, torch.Generator().manual_seed(0))
    assert pairs.shape == sizes
    assert (pairs.sum(dim=0) == 1).all()
    uses = pairs.sum(dim=1)
    assert uses.max() - uses.min() <= 1


def test_random_pairs_follow_the_generator() -> None:
    first, again, other = (random_pairs(20, 20, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert_same_bits(first, again)
    assert not same_bits(first, other)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_an_empty_side_has_no_pairs(sizes: tuple[int, int]) -> None:
    for pairs in (random_pairs(*sizes), nearest_pairs(torch.zeros(sizes[0], 2), torch.zeros(sizes[1], 2))):
        assert pairs.shape == sizes
        assert not pairs.any()
        assert [len(rows) for rows in draw_partners(pairs)] == [0, 0]


def test_class_pairs_share_the_source_samples_of_a_class() -> None:
    same = torch.tensor([[True, False, False], [True, True, False]])
    torch.testing.assert_close(class_pairs(same), torch.tensor([[0.5, 0.0, 0.0], [0.5, 1.0, 0.0]]))


def test_nearest_is_by_the_joint_feature() -> None:
    scene = make_scene(2)
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    source, target = (side.outputs.features[JOINT] for side in (step.source, step.target))
    expected = [int((source - row).norm(dim=1).argmin()) for row in target]
    assert_same_bits(pairs_of("nearest", scene).argmax(dim=0), expected)


def test_class_is_by_labels_and_kept_lessons() -> None:
    scene = make_scene(2)
    assert scene.source is not None
    assert scene.target is not None
    labels, lessons = scene.source.labels["digit"], scene.target.lessons["digit"].labels
    assert_same_bits(pairs_of("class", scene) > 0, labels.unsqueeze(1) == lessons)
    scene.target.lessons["digit"].keep[2] = False
    assert not pairs_of("class", scene)[:, 2].any()


def test_several_tasks_must_all_agree() -> None:
    scene = make_scene(2, tasks=(DIGIT, VERB, SCORE))
    alone = [pairs_of("class", scene.with_tasks(task)) > 0 for task in (DIGIT, VERB)]
    assert_same_bits(pairs_of("class", scene) > 0, alone[0] & alone[1])


def test_without_classes_pairs_are_random() -> None:
    scene = make_scene(2, tasks=(SCORE,))
    assert_same_bits(pairs_of("class", scene), pairs_of("random", scene))


@pytest.mark.parametrize("change", [one_class, without_labels])
def test_no_common_class_means_no_pairs(change: object) -> None:
    assert callable(change)
    scene = make_scene(2).change(change)  # one class each side, and not the same
    assert not pairs_of("class", scene).any()


def test_a_side_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="pairs need a source and a target, but the step lacks one"):
        pairs_of("class", make_scene(2, target=None))


def test_partners_are_drawn_by_their_share() -> None:
    pairs = torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.5, 1.0]])
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_partners(pairs, generator) for _ in range(50)]
    assert all(target.tolist() == [1, 2] for _, target in drawn)
    assert {tuple(source.tolist()) for source, _ in drawn} == {(0, 1), (1, 1)}


def test_random_pairs_of_few_samples_seem_correlated() -> None:
    """Independent Gaussians: what looks like correlation is noise that small batches are fitted to."""
    assert noise_correlation(32, 0) > 0.99
    assert noise_correlation(1024, 0) < 0.3


def learnt(pairing: Pairing, modalities: int, shift: str, steps: int = 80) -> float:
    clusters = make_clusters(modalities, shift, seed=0)  # type: ignore[arg-type]
    same, other = similarities(train_projections(clusters, pairing, steps=steps), clusters, rows=300)
    return same - other


def test_one_modality_learns_nothing_from_random_pairs() -> None:
    assert learnt("random", 1, "moved") < 0.2
    assert learnt("class", 1, "moved") > 0.8


def test_three_modalities_learn_from_random_pairs_what_binds_them() -> None:
    """Each modality is centred, not their product, whose mean the classes give: random pairs share that mean."""
    assert 0.3 < learnt("random", 3, "moved", 150) < learnt("class", 3, "moved", 150)


def test_classes_find_a_rotation_that_neighbours_do_not() -> None:
    assert learnt("class", 1, "rotated") > 0.8
    assert learnt("nearest", 1, "rotated") < 0.2
