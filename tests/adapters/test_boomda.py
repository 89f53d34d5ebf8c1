"""Boomda: votes, the Pareto balance against golden arrays and an exhaustive search, and its findings."""

from collections.abc import Mapping
from itertools import combinations

import attrs
import numpy as np
import pytest
import torch
from acclimate.adapters.coral import CorrelationAlignment
from acclimate.adapters.gradient_balance import gram_matrix
from acclimate.adapters.majority_vote import MajorityVote, count_votes, default_least_votes, elect
from acclimate.adapters.pareto import closed_form_weights, interaction, pareto_weights
from acclimate.adapters.pareto_balance import ParetoBalance, Solution
from acclimate.adapters.supervised import Supervised, classification_loss
from acclimate.adapters.weighted_sum import WeightedSum
from acclimate.framework.batch import JOINT_TEACHER, Lesson, Representation, Term
from acclimate.framework.layout import JOINT
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, Rows, Scene, drop, make_layout, make_scene
from torch import Tensor
from torch.nn.functional import normalize

from .golden import DTYPES, Golden, golden_names

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# Votes


@each_dtype
@pytest.mark.parametrize("name", golden_names("boomda_votes_pl"))
def test_votes(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    logits = golden["logits"]
    votes = count_votes(logits)
    labels, keep = elect(votes, golden.constants["M_v"])
    golden.compare("argmax", logits.argmax(dim=2))
    golden.compare("votes", votes)
    golden.compare("selected", keep.long())
    golden.compare("pseudo_label", labels)
    golden.compare("n_selected", keep.sum())
    golden.compare("pl_loss", classification_loss(logits[-1], labels, keep))
    golden.close()


def test_a_tie_goes_to_the_first_class() -> None:
    assert count_votes(torch.tensor([[[1.0, 1.0, 0.0]]])).tolist() == [[1, 0, 0]]
    labels, keep = elect(torch.tensor([[0, 2, 2], [1, 1, 2]]), 2)
    assert labels.tolist() == [1, 2]
    assert keep.tolist() == [True, True]


@pytest.mark.parametrize("modalities", range(1, 8))
def test_the_default_is_a_majority_that_can_be_reached(modalities: int) -> None:
    assert (modalities + 1) / 2 < default_least_votes(modalities) <= modalities + 1


def outvote(scene: Scene, ballots: list[list[int]]) -> Scene:
    """The scene with a row of the target for each ballot, whose modalities vote as it says."""
    assert scene.target is not None
    columns = torch.tensor(ballots).T
    features = {
        name: torch.nn.functional.one_hot(column, 5).double()
        for name, column in zip(scene.layout.modalities, columns, strict=True)
    }
    heads = {"digit": {name: torch.eye(5, 3, dtype=torch.float64) for name in features}}
    rows = scene.target.take(torch.arange(len(ballots)))
    return attrs.evolve(scene, target=attrs.evolve(rows, features=features), heads=heads)


def lesson_of(scene: Scene, least: int | None = None) -> Lesson:
    selector = MajorityVote(least)
    selector.bind(scene.layout, {})
    lesson: Lesson = selector(scene.side("target", labelled=False))["digit"]
    return lesson


def test_three_of_four_heads_teach() -> None:
    # The joint logits are the sum, so that the joint head votes with the larger part.
    scene = outvote(make_scene(3), [[2, 2, 2], [1, 1, 0], [0, 1, 2], [2, 0, 2]])
    lesson = lesson_of(scene)
    assert lesson.labels.tolist() == [2, 1, 0, 2]
    assert lesson.keep.tolist() == [True, True, False, True]
    assert lesson.confidence.tolist() == pytest.approx([1.0, 0.75, 0.5, 0.75])
    assert (lesson.teacher == JOINT_TEACHER).all()
    assert lesson_of(scene, least=4).keep.tolist() == [True, False, False, False]


def test_two_modalities_must_agree_with_the_joint_head() -> None:
    scene = outvote(make_scene(2), [[1, 1], [0, 1], [2, 2]])
    assert lesson_of(scene).keep.tolist() == [True, False, True]


def test_absent_heads_do_not_vote_and_the_threshold_stays() -> None:
    present = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
    scene = outvote(make_scene(3), [[1, 1, 0], [1, 1, 0], [1, 1, 0]]).change(drop(present))
    lesson = lesson_of(scene)
    assert lesson.labels.tolist() == [1, 1, 1]
    # Votes: three of four; audio, image and the joint head; audio and the joint head, which are too few.
    assert lesson.confidence.tolist() == pytest.approx([0.75, 0.75, 0.5])
    assert lesson.keep.tolist() == [True, True, False]


def test_numbers_are_not_voted_on() -> None:
    scene = make_scene(2, tasks=(SCORE,))
    selector = MajorityVote()
    selector.bind(scene.layout, {})
    assert not selector(scene.side("target", labelled=False))["score"].keep.any()


def test_the_pseudo_label_loss_is_on_the_joint_head_only() -> None:
    scene = make_scene(2)
    side = scene.side("target", labelled=False)
    selector = MajorityVote()
    selector.bind(scene.layout, {})
    aligner = Supervised(heads=(), pseudo_heads=(JOINT,), head_weights={JOINT: 0.5})
    aligner.bind(scene.layout, {})
    lessons = selector(side)
    terms = aligner(attrs.evolve(scene.step(), target=attrs.evolve(side, lessons=lessons)))
    lesson = lessons[DIGIT.name]
    assert 0 < lesson.keep.sum() < len(lesson.keep)
    logits = side.outputs.joint_logits("digit")
    expected = torch.nn.functional.cross_entropy(logits[lesson.keep], lesson.labels[lesson.keep])
    assert list(terms) == ["target/joint"]
    torch.testing.assert_close(terms["target/joint"].weighted, 0.5 * expected)


@pytest.mark.parametrize("least", [1, 2, 5, -3])
def test_refuses_votes_that_could_tie_or_cannot_be(least: int) -> None:
    message = f"least must be more than half of the 4 heads and not more than all, but got {least}"
    with pytest.raises(ValueError, match=message):
        MajorityVote(least).bind(make_layout(3), {})


# Weights from Gram matrices


def objective(gram: Tensor, weights: Tensor) -> float:
    return (weights @ gram @ weights).item()


def exhaustive(gram: Tensor) -> float:
    """The least objective over all supports, each solved by itself."""
    matrix = gram.double().numpy()
    least = np.inf
    for size in range(1, len(matrix) + 1):
        for support in combinations(range(len(matrix)), size):
            part = matrix[np.ix_(support, support)]
            system = np.block([[part, np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
            weights = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0))[0][:size]
            if weights.min() >= 0 and abs(weights.sum() - 1) < 1e-9:
                least = min(least, weights @ part @ weights)
    return least


def assert_on_simplex(weights: Tensor) -> None:
    assert (weights >= 0).all()
    assert weights.sum().item() == pytest.approx(1.0, rel=1e-6)


@each_dtype
@pytest.mark.parametrize("name", golden_names("boomda_gamma_from_Q"))
def test_weights_from_given_matrices(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    grams = golden["Q"].detach()
    golden.compare("gamma_closed", torch.stack([closed_form_weights(gram.diagonal()) for gram in grams]))
    weights = torch.stack([pareto_weights(gram) for gram in grams])
    golden.compare("gamma_qp", weights)
    golden.compare("qp_objective", torch.stack([row @ gram @ row for row, gram in zip(weights, grams, strict=True)]))
    golden.close("out__gamma_pte_qp", "out__gamma_minnorm")


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("kind", ["random", "correlated", "singular", "badly scaled", "opposed", "with duplicates"])
def test_no_feasible_weights_are_better(terms: int, kind: str) -> None:
    for seed in range(5):
        gradients = draw(terms, 2 if kind == "singular" else 20, seed=seed)
        if kind == "correlated":
            gradients = gradients + 5 * draw(20, seed=100 + seed)
        if kind == "badly scaled":
            gradients = gradients * torch.logspace(-5, 0, terms, dtype=torch.float64).unsqueeze(1)
        if kind == "opposed":
            gradients = torch.cat([gradients[: terms // 2], -2 * gradients[: terms - terms // 2]])
        if kind == "with duplicates":
            gradients = gradients[torch.arange(terms) // 2]
        gram = gradients @ gradients.T
        weights = pareto_weights(gram)
        assert_on_simplex(weights)
        least = exhaustive(gram)
        assert objective(gram, weights) <= least * (1 + 1e-8) + 1e-9 * gram.diagonal().max().item()
        if kind == "badly scaled":
            assert objective(gram, weights) == pytest.approx(least, rel=1e-8)


def test_weights_by_hand() -> None:
    gram = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 4.0]])
    for weights in (closed_form_weights(gram.diagonal()), pareto_weights(gram)):
        torch.testing.assert_close(weights, torch.tensor([4.0, 2.0, 1.0]) / 7)
    # A long gradient that points the same way is of no use; against the other it is.
    assert pareto_weights(torch.tensor([[1.0, 2.0], [2.0, 9.0]])).tolist() == pytest.approx([1.0, 0.0])
    torch.testing.assert_close(pareto_weights(torch.tensor([[1.0, -3.0], [-3.0, 9.0]])), torch.tensor([0.75, 0.25]))


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e12])
def test_scale_makes_no_difference(scale: float) -> None:
    gradients = draw(4, 9)
    gram = gradients @ gradients.T
    torch.testing.assert_close(pareto_weights(scale * gram), pareto_weights(gram))
    scaled = closed_form_weights(scale * gram.diagonal())
    torch.testing.assert_close(scaled, closed_form_weights(gram.diagonal()))


def test_zero_and_equal_gradients() -> None:
    for count in (1, 4):
        torch.testing.assert_close(pareto_weights(torch.zeros(count, count)), torch.full((count,), 1 / count))
        torch.testing.assert_close(closed_form_weights(torch.zeros(count)), torch.full((count,), 1 / count))
        torch.testing.assert_close(pareto_weights(torch.ones(count, count)), torch.full((count,), 1 / count))
    # The one without a gradient is optimal by itself.
    torch.testing.assert_close(pareto_weights(torch.tensor([[0.0, 0.0], [0.0, 1.0]])), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(closed_form_weights(torch.tensor([0.0, 1.0])), torch.tensor([1.0, 0.0]))


@each_dtype
def test_rounding_that_leaves_a_matrix_indefinite_does_no_harm(dtype: torch.dtype) -> None:
    for seed in range(20):
        gradients = torch.cat([draw(2, 6, seed=seed)] * 3).to(dtype)
        noise = 4 * torch.finfo(dtype).eps * draw(6, 6, seed=seed).to(dtype)
        gram = gradients @ gradients.T * (1 + noise)
        weights = pareto_weights(gram)
        assert_on_simplex(weights)
        exact = gradients.double() @ gradients.double().T
        least = exhaustive(exact[:2, :2])
        assert objective(exact, weights.double()) <= least * (1 + 1e3 * torch.finfo(dtype).eps) + 1e-9


# The balance of correlation alignment


def aligned(scene: Scene, *, normalised: bool = False) -> tuple[dict[str, Term], dict[Representation, Tensor]]:
    aligner = CorrelationAlignment(normalised=normalised)
    aligner.bind(scene.layout, {})
    step = scene.step()
    terms = {f"coral/{name}": term for name, term in aligner(step).items()}
    return terms, step.representations


def golden_scene(golden: Golden) -> Scene:
    """The golden file's features as a scene."""
    names = ("audio", "image", "text")[
        : golden.constants.get("M", sum(name.startswith("z_s") for name in golden.inputs))
    ]
    scene = make_scene(len(names), source=len(golden["z_s0"]), target=len(golden["z_t0"]), dtype=golden.dtype)

    def change(rows: Rows, side: str) -> Rows:
        return attrs.evolve(rows, features={name: golden[f"z_{side}{i}"] for i, name in enumerate(names)})

    assert scene.source is not None
    assert scene.target is not None
    size = golden["z_s0"].shape[1]
    return attrs.evolve(
        scene,
        source=change(scene.source, "s"),
        target=change(scene.target, "t"),
        layout=attrs.evolve(
            scene.layout, feature_sizes=dict.fromkeys(names, size), task_feature_sizes=dict.fromkeys(names, size)
        ),
        heads={"digit": {name: torch.zeros(size, 3, dtype=golden.dtype) for name in names}},
    )


@each_dtype
@pytest.mark.parametrize("name", golden_names("boomda_q_gamma"))
def test_gram_matrix_and_weights(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    scene = golden_scene(golden)
    for normalised, suffix in ((False, ""), (True, "_4d2")):
        terms, representations = aligned(scene, normalised=normalised)
        gram = gram_matrix(list(terms.values()), representations)
        golden.compare(f"losses{suffix}", torch.stack([term.value for term in terms.values()]))
        golden.compare(f"Q{suffix}", gram)
        golden.compare(f"gamma_closed{suffix}", closed_form_weights(gram.diagonal()))
        golden.compare(f"weighted_loss_closed{suffix}", ParetoBalance()(terms, representations))
        weights = pareto_weights(gram)
        golden.compare(f"gamma_qp{suffix}", weights)
        golden.compare(f"qp_objective{suffix}", weights @ gram @ weights)
    golden.close(*(f"out__gamma_{solver}{suffix}" for solver in ("pte_qp", "minnorm") for suffix in ("", "_4d2")))


@pytest.mark.parametrize("present", [torch.tensor([[True, True, True]]), SCATTERED], ids=["complete", "scattered"])
def test_closed_form_gradients_spare_the_differentiation(present: Tensor) -> None:
    terms, representations = aligned(make_scene(source=12, target=11).change(drop(present)))
    without = [attrs.evolve(term, gradient=None) for term in terms.values()]
    gram = gram_matrix(list(terms.values()), representations)
    torch.testing.assert_close(gram, gram_matrix(without, representations))
    # Modalities do not interact with each other.
    torch.testing.assert_close(gram[:3, :3], gram[:3, :3].diagonal().diag())
    assert (gram[:3, 3] > 0).all()


def test_terms_count_with_their_weights() -> None:
    values = draw(4, 3).requires_grad_()
    terms = [Term(values.square().sum(), weight=2.0), Term(values.sum(), weight=-3.0), Term(torch.tensor(1.0).double())]
    gram = gram_matrix(terms, {("source", "audio"): values, ("target", "audio"): draw(2, 3)})
    gradients = torch.stack([4 * values.detach().flatten(), torch.full((12,), -3.0).double(), torch.zeros(12).double()])
    torch.testing.assert_close(gram, gradients @ gradients.T)


def test_a_gradient_stays_within_what_the_term_says_that_it_reaches() -> None:
    audio, image = draw(4, 3).requires_grad_(), draw(4, 3, seed=1).requires_grad_()
    term = Term((audio * image).sum(), reaches=frozenset({("source", "audio")}))
    gram = gram_matrix([term], {("source", "audio"): audio, ("source", "image"): image})
    assert gram.item() == pytest.approx(image.square().sum().item())


@pytest.mark.parametrize("solution", ["closed_form", "qp"])
def test_weights_are_constants(solution: Solution) -> None:
    terms, representations = aligned(make_scene(source=12, target=11))
    gram = gram_matrix(list(terms.values()), representations)
    gammas = pareto_weights(gram) if solution == "qp" else closed_form_weights(gram.diagonal())
    expected = sum(gamma * term.value for gamma, term in zip(gammas, terms.values(), strict=True))
    found = ParetoBalance(solution)(terms, representations)
    leaves = list(representations.values())
    pairs = zip(*(torch.autograd.grad(value, leaves, retain_graph=True) for value in (found, expected)), strict=True)
    for first, second in pairs:
        torch.testing.assert_close(first, second)


def test_the_qp_descends_for_every_term() -> None:
    terms, representations = aligned(make_scene(source=12, target=11))
    leaves = list(representations.values())
    balanced = torch.autograd.grad(ParetoBalance("qp")(terms, representations), leaves, retain_graph=True)
    squared = sum(direction.square().sum() for direction in balanced)
    for term in terms.values():
        gradients = torch.autograd.grad(term.value, leaves, materialize_grads=True, retain_graph=True)
        along = sum((gradient * direction).sum() for gradient, direction in zip(gradients, balanced, strict=True))
        assert along >= squared * (1 - 1e-8)


@pytest.mark.parametrize("solution", ["closed_form", "qp"])
def test_a_term_without_gradient_takes_no_part(solution: Solution) -> None:
    scene = make_scene(3).change(drop(torch.tensor([[True, True, False]])))
    terms, representations = aligned(scene)
    assert [terms[name].value.item() for name in ("coral/text", "coral/joint")] == pytest.approx([0.0, 0.0])
    both = {name: terms[name] for name in ("coral/audio", "coral/image")}
    balance = ParetoBalance(solution)
    torch.testing.assert_close(balance(terms, representations), balance(both, representations))
    assert balance(both, representations).item() > 0


def test_where_no_term_has_a_gradient_all_weigh_the_same() -> None:
    terms = {name: Term(torch.tensor(value)) for name, value in (("a", 1.0), ("b", 3.0))}
    assert ParetoBalance()(terms, {}).item() == pytest.approx(2.0)


def measured(balance: ParetoBalance, scene: Scene) -> Mapping[str, float]:
    numbers: Mapping[str, float] = balance.measure(scene.step())
    return numbers


def test_measures_means_over_the_last_steps_of_training_and_changes_nothing() -> None:
    scenes = [make_scene(2, source=12, target=11, seed=seed) for seed in (0, 1)]
    balance = ParetoBalance()
    balance.bind(scenes[0].layout, {})
    assert measured(balance, scenes[0]) == {}
    expected = torch.zeros(4, dtype=torch.float64)
    for scene, share in zip(scenes, (0.99, 1.0), strict=True):
        terms, representations = aligned(scene)
        balance(terms, representations)
        gram = gram_matrix(list(terms.values()), representations)
        expected += share / 1.99 * torch.cat([closed_form_weights(gram.diagonal()), interaction(gram).reshape(1)])
    balance.eval()
    balance(terms, representations)
    numbers = measured(balance, scenes[0])
    assert list(numbers) == ["balance/audio", "balance/image", "balance/joint", "interaction"]
    torch.testing.assert_close(torch.tensor(list(numbers.values())), expected.float())
    assert measured(balance, scenes[0]) == numbers


def test_buffers_have_their_sizes_when_bound() -> None:
    scene = make_scene(2, source=12, target=11)
    balance, resumed = ParetoBalance(), ParetoBalance()
    for each in (balance, resumed):
        each.bind(scene.layout, {})
    balance(*aligned(scene))
    resumed.load_state_dict(balance.state_dict())
    assert measured(resumed, scene) == measured(balance, scene)


def test_terms_of_other_names_are_balanced_and_not_measured() -> None:
    terms, representations = aligned(make_scene(2, source=12, target=11))
    balance = ParetoBalance()
    balance.bind(make_layout(2), {})
    balance({f"{name}/verb": term for name, term in terms.items()}, representations)
    numbers = measured(balance, make_scene(2))
    assert numbers["balance/audio"] == numbers["balance/joint"] == pytest.approx(0.0)
    assert numbers["interaction"] > 0


def unit_norm(rows: Rows) -> Rows:
    """A change to feature vectors of norm 1."""
    return attrs.evolve(
        rows, features={name: normalize(values.detach()).requires_grad_() for name, values in rows.features.items()}
    )


def test_the_factor_4d2_decides_on_the_joint_term() -> None:
    """Without it, exact weights of random unit-norm features leave the joint term out; with it, nearly all others."""
    joint: dict[tuple[bool, str], list[float]] = {}
    for seed in range(30):
        scene = make_scene(3, source=48, target=48, seed=seed).change(unit_norm)
        for normalised in (False, True):
            terms, representations = aligned(scene, normalised=normalised)
            gram = gram_matrix(list(terms.values()), representations)
            joint.setdefault((normalised, "qp"), []).append(pareto_weights(gram)[3].item())
            joint.setdefault((normalised, "closed"), []).append(closed_form_weights(gram.diagonal())[3].item())
    medians = {key: float(np.median(values)) for key, values in joint.items()}
    assert max(joint[False, "qp"]) < 0.01
    assert medians[True, "qp"] > 0.8
    assert medians[False, "closed"] < 0.1
    assert 0.4 < medians[True, "closed"] < medians[True, "qp"]


def test_equal_weights_are_the_ablation() -> None:
    terms, representations = aligned(make_scene(2, source=12, target=11))
    values = torch.stack([term.value for term in terms.values()])
    torch.testing.assert_close(WeightedSum(average=True)(terms, representations), values.mean())


@pytest.mark.usefixtures("unchecked")
def test_refuses_a_solution() -> None:
    with pytest.raises(ValueError, match="solution must be one of closed_form, qp, but got 'admm'"):
        ParetoBalance("admm")  # type: ignore[arg-type]
