"""OSAN's tensor alignment: contractions, projections that move slowly, and the tensor product."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from acclimate.adapters.canonical_correlation import (
    add_ridge,
    canonical_correlation,
    contraction,
    improve,
    rotate_towards,
)
from acclimate.adapters.late_sum import LateSum
from acclimate.adapters.tensor_alignment import TensorAlignment
from acclimate.adapters.tensor_product import TensorProduct
from acclimate.adapters.tensor_projections import TensorProjections
from acclimate.framework.batch import Outputs
from acclimate.framework.layout import JOINT, Layout
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, Scene, drop, make_edges, make_layout, make_scene
from bits import same_bits
from torch import Tensor


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def covariance(width: int, seed: int = 0) -> Tensor:
    """Of 2 x width numbers: the first half is x, the second y."""
    root = draw(2 * width, 2 * width, seed=seed)
    return root @ root.T / width


def blocks(whole: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """C_xx, C_xy and C_yy."""
    width = len(whole) // 2
    return whole[:width, :width], whole[:width, width:], whole[width:, width:]


def objective(whole: Tensor, u: Tensor, v: Tensor) -> float:
    return float((u * (blocks(whole)[1] @ v)).sum())


def sweep(whole: Tensor, u: Tensor, v: Tensor, inertia: float = 0.0) -> tuple[Tensor, Tensor]:
    cxx, cxy, cyy = blocks(whole)
    u = improve(cxx, cxy, u, v, inertia)
    return u, improve(cyy, cxy.T, v, u, inertia)


def start(whole: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Some U and V that keep the constraints."""
    cxx, cxy, cyy = blocks(whole)
    first, second = draw(len(cxx), rank, seed=5), draw(len(cxx), rank, seed=6)
    return improve(cxx, 0 * cxy, first, second, 1.0), improve(cyy, 0 * cxy, second, first, 1.0)


def projections(layout: Layout, **arguments: Any) -> TensorProjections:  # noqa: ANN401
    part = TensorProjections(**arguments)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        part.bind(layout, {})
    return part.double()


def step_through(part: TensorProjections, scene: Scene, steps: int = 1) -> None:
    """Update from one scene, its rows paired one by one."""
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    for _ in range(steps):
        part.update(step.source, step.target, torch.eye(len(step.source.batch), len(step.target.batch)).double())


def test_contraction_is_that_of_the_tensors() -> None:
    x, y = ([draw(7, 3, seed=seed), draw(7, 2, seed=seed + 1), draw(7, 4, seed=seed + 2)] for seed in (0, 3))
    u, v = ([draw(values.shape[1], 2, seed=seed) for seed, values in enumerate(side)] for side in (x, y))
    first = torch.einsum("ka,kb,kc->kabc", x[0], x[1] @ u[1], x[2] @ u[2])
    second = torch.einsum("ka,kb,kc->kabc", y[0], y[1] @ v[1], y[2] @ v[2])
    expected = torch.einsum("kabc,kdbc->ad", first, second)
    others = [[side[m] @ maps[m] for m in (1, 2)] for side, maps in ((x, u), (y, v))]
    torch.testing.assert_close(contraction(x[0], y[0], *others), expected)
    pairs = draw(7, 7, seed=9).abs()
    expected = torch.einsum("kl,kabc,ldbc->ad", pairs, first, second)
    torch.testing.assert_close(contraction(x[0], y[0], *others, pairs), expected)


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_sweeps_climb_to_the_closed_form(rank: int) -> None:
    whole = covariance(6)
    cxx, cxy, cyy = blocks(whole)
    best = canonical_correlation(cxx, cxy, cyy, 0.0)
    u, v = start(whole, rank)
    reached = objective(whole, u, v)
    for _ in range(400):
        u, v = sweep(whole, u, v, inertia=0.1)
        assert objective(whole, u, v) >= reached - 1e-12
        reached = objective(whole, u, v)
        for matrix, values in ((cxx, u), (cyy, v)):
            torch.testing.assert_close(values.T @ matrix @ values, torch.eye(rank, dtype=torch.float64))
    assert reached == pytest.approx(float(best[2][:rank].sum()), abs=1e-6)
    turned = rotate_towards(best[0][:, :rank], best[1][:, :rank], u, v)
    for found, expected in zip((u, v), turned, strict=True):
        torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-3)


def test_a_common_rotation_changes_nothing_but_the_distance() -> None:
    whole = covariance(5)
    u, v, correlations = canonical_correlation(*blocks(whole), ridge=0.0)
    rotation = torch.linalg.qr(draw(3, 3, seed=4))[0]
    back = rotate_towards(u[:, :3] @ rotation, v[:, :3] @ rotation, u[:, :3], v[:, :3])
    torch.testing.assert_close(back[0], u[:, :3])
    torch.testing.assert_close(back[1], v[:, :3])
    assert objective(whole, u[:, :3] @ rotation, v[:, :3] @ rotation) == pytest.approx(float(correlations[:3].sum()))


def crossing(angle: float) -> Tensor:
    """A covariance in which the second and the third of four correlations change places halfway."""
    correlations = torch.tensor([0.9, 0.5 + 0.3 * angle, 0.8 - 0.3 * angle, 0.1], dtype=torch.float64).diag()
    eye = torch.eye(4, dtype=torch.float64)
    whole = torch.cat([torch.cat([eye, correlations], dim=1), torch.cat([correlations, eye], dim=1)])
    skew = torch.block_diag(draw(4, 4, seed=3), draw(4, 4, seed=4))
    turn = torch.linalg.matrix_exp(0.5 * angle * (skew - skew.T))
    return turn @ whole @ turn.T


def test_slow_covariances_move_projections_slowly() -> None:
    """Even where correlations change places, where the decomposition's best two directions jump."""
    path = [crossing(number / 400) for number in range(401)]
    u, v, _ = canonical_correlation(*blocks(path[0]), ridge=0.0)
    u, v = decomposed = u[:, :2], v[:, :2]
    swept_jump = decomposed_jump = 0.0
    for whole in path:
        moved = sweep(whole, u, v, inertia=1.0)
        swept_jump = max(swept_jump, float((moved[0] - u).norm()))
        u, v = moved
        best = canonical_correlation(*blocks(whole), ridge=0.0)
        turned = rotate_towards(best[0][:, :2], best[1][:, :2], *decomposed)
        decomposed_jump = max(decomposed_jump, float((turned[0] - decomposed[0]).norm()))
        decomposed = turned
    best_sum = float(canonical_correlation(*blocks(path[-1]), ridge=0.0)[2][:2].sum())
    assert swept_jump < 0.1
    assert decomposed_jump > 0.5
    assert objective(path[-1], u, v) > 0.95 * best_sum


def test_signs_and_order_do_not_jump_in_the_decomposition() -> None:
    """With all directions kept, turning them towards the last ones is enough."""
    path = [crossing(number / 400) for number in range(401)]
    u, v, _ = canonical_correlation(*blocks(path[0]), ridge=0.0)
    raw, largest, raw_largest = u, 0.0, 0.0
    for whole in path:
        best = canonical_correlation(*blocks(whole), ridge=0.0)
        raw_largest, raw = max(raw_largest, float((best[0] - raw).norm())), best[0]
        turned = rotate_towards(best[0], best[1], u, v)
        largest = max(largest, float((turned[0] - u).norm()))
        u, v = turned
    assert largest < 0.1
    assert raw_largest > 1.0


def test_without_correlation_projections_stay() -> None:
    cxx = add_ridge(torch.eye(4), 0.0)
    u = torch.linalg.qr(draw(4, 2))[0].float()
    torch.testing.assert_close(improve(cxx, torch.zeros(4, 4), u, u, inertia=1.0), u)


@pytest.mark.parametrize("solver", ["sweep", "closed_form"])
@pytest.mark.parametrize("edge", make_edges())
def test_projections_stay_finite(edge: str, solver: Any) -> None:  # noqa: ANN401
    scene = make_edges()[edge]
    step = scene.step()
    part = projections(scene.layout, solver=solver, momentum=0.5)
    part.to(next(iter(scene.leaves.values())).dtype)
    if step.source is None or step.target is None:
        return
    for progress in (0.0, 0.5, 0.999, 1.0):
        pairs = torch.ones(len(step.source.batch), len(step.target.batch), dtype=part.mode("audio").cxx.dtype)
        part.update(step.source, step.target, pairs, progress)
    assert all(bool(buffer.isfinite().all()) for buffer in part.buffers())


def test_running_statistics_are_those_of_the_pairs() -> None:
    scene = make_scene(1, source=6, target=6)
    part = projections(scene.layout, momentum=0.0, mean_momentum=0.0)
    step_through(part, scene)
    mode = part.mode("audio")
    x, y = (scene.leaves[side, "audio"].detach() for side in ("source", "target"))
    torch.testing.assert_close(mode.source_mean, x.mean(dim=0))
    torch.testing.assert_close(mode.target_mean, y.mean(dim=0))
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    for name, expected in (("cxx", x.T @ x), ("cxy", x.T @ y), ("cyy", y.T @ y)):
        torch.testing.assert_close(getattr(mode, name), expected / 6, msg=name)


def test_correlations_are_within_bounds_for_any_pairs() -> None:
    scene = make_scene(3).change(drop(SCATTERED))
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    part = projections(scene.layout, momentum=0.0, mean_momentum=0.0)
    part.update(step.source, step.target, draw(9, 7).abs())
    for name in scene.layout.modalities:
        mode = part.mode(name)
        whole = torch.cat([torch.cat([mode.cxx, mode.cxy], 1), torch.cat([mode.cxy.T, mode.cyy], 1)])
        assert torch.linalg.eigvalsh(whole).min() > -1e-9


def test_scales_do_not_drift_where_sizes_differ() -> None:
    scene = make_scene(3, source=40, target=40)
    part = projections(scene.layout, sizes={"audio": 1, "image": 5, "text": 2})
    step_through(part, scene, 40)
    before = [float(part.mode(name).source.norm()) for name in part.modes]
    step_through(part, scene, 40)
    after = [float(part.mode(name).source.norm()) for name in part.modes]
    assert after == pytest.approx(before, rel=0.3)


def test_no_pair_moves_no_covariance() -> None:
    scene = make_scene(2)
    part = projections(scene.layout)
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    part.update(step.source, step.target, torch.zeros(9, 7).double())
    mode = part.mode("audio")
    torch.testing.assert_close(mode.cxx, torch.eye(5).double())
    assert not mode.cxy.any()


def test_projections_come_to_rest_at_the_end_of_training() -> None:
    scene = make_scene(2, source=20, target=20)
    step = scene.step()
    assert step.source is not None
    assert step.target is not None
    moved = []
    for progress in (0.0, 0.999):
        part = projections(scene.layout)
        step_through(part, scene, 3)
        before = part.mode("audio").source.clone()
        part.update(step.source, step.target, torch.eye(20).double(), progress)
        moved.append(float((part.mode("audio").source - before).norm()))
    assert moved[1] < 0.01 * moved[0]


def fuse(part: TensorProjections, scene: Scene, domain_side: Any) -> Tensor:  # noqa: ANN401
    fusion = TensorProduct()
    fusion.bind(scene.layout, {"projections": part})
    side = scene.side("source", labelled=True)
    features = {name: values for name, values in side.outputs.features.items() if name != JOINT}
    fused = fusion.double()(Outputs(features, {}, {}), side.batch.present, domain_side)
    assert fused.logits["digit"].shape == (len(side.batch), 3)
    joint: Tensor = fused.features
    return joint


def test_the_joint_feature_is_the_outer_product_of_projected_vectors() -> None:
    scene = make_scene(3)
    part = projections(scene.layout, sizes={"audio": 2, "image": 3, "text": 1})
    torch.testing.assert_close(fuse(part, scene, "source"), fuse(part, scene, "target"))
    step_through(part, scene, 3)
    for side, mean, names in (("source", "source_mean", "source"), ("target", "target_mean", "target")):
        vectors = [
            (scene.leaves["source", name] - getattr(part.mode(name), mean)) @ getattr(part.mode(name), names)
            for name in scene.layout.modalities
        ]
        expected = torch.einsum("ka,kb,kc->kabc", *vectors).flatten(1)
        torch.testing.assert_close(fuse(part, scene, side), expected)


def test_an_absent_modality_leaves_the_product_of_the_others() -> None:
    scene = make_scene(2).change(drop(torch.tensor([[True, False]])))
    part = projections(scene.layout, sizes={"audio": 4, "image": 3})
    alone = part.mode("audio").project(scene.leaves["source", "audio"], "source")
    torch.testing.assert_close(fuse(part, scene, "source"), alone.repeat_interleave(3, dim=1))


def test_gradients_reach_features_and_no_projection() -> None:
    scene = make_scene(2)
    part = projections(scene.layout)
    fuse(part, scene, "source").sin().sum().backward()  # type: ignore[no-untyped-call]
    assert all(not buffer.requires_grad for buffer in part.buffers())
    assert all(
        leaf.grad is not None and leaf.grad.any() for (side, _), leaf in scene.leaves.items() if side == "source"
    )


def test_a_step_may_be_differentiated_after_its_update() -> None:
    scene = make_scene(2)
    part = projections(scene.layout)
    joint = fuse(part, scene, "source")
    step_through(part, scene)
    joint.sin().sum().backward()  # type: ignore[no-untyped-call]
    assert all(leaf.grad is not None for (side, _), leaf in scene.leaves.items() if side == "source")


@pytest.mark.parametrize("change", [{"target": None}, {"source": None}])
def test_one_side_moves_nothing(change: dict[str, None]) -> None:
    scene = make_scene(2, **change)
    assert _moves(lambda aligner: aligner.observe(scene.step())) is False


def test_losses_move_nothing() -> None:
    scene = make_scene(2)
    assert _moves(lambda aligner: aligner.observe(scene.step())) is True
    assert _moves(lambda aligner: aligner(scene.step())) is False


@pytest.mark.parametrize("pairing", ["random", "class", "nearest"])
@pytest.mark.parametrize("tasks", [(DIGIT,), (SCORE,), (DIGIT, SCORE)])
def test_every_pairing_moves_every_task(pairing: Any, tasks: Any) -> None:  # noqa: ANN401
    scene = make_scene(3, tasks=tasks).change(drop(SCATTERED))
    assert _moves(lambda aligner: aligner.observe(scene.step()), 3, pairing) is True


def _moves(use: Callable[[TensorAlignment], object], modalities: int = 2, pairing: Any = "class") -> bool:  # noqa: ANN401
    layout = make_scene(modalities).layout
    part = projections(layout)
    aligner = TensorAlignment(pairing)
    aligner.bind(make_layout(modalities, (DIGIT, SCORE)), {"projections": part})
    before = part.mode("audio").source.clone()
    use(aligner)
    return not same_bits(before, part.mode("audio").source)


def test_correlation_is_measured() -> None:
    scene = make_scene(2, source=30, target=30)
    equal = Scene(scene.layout, scene.heads, scene.source, scene.source)
    part = projections(scene.layout, momentum=0.9)
    aligner = TensorAlignment()
    aligner.bind(scene.layout, {"projections": part})
    assert aligner.measure(scene.step()) == pytest.approx({"correlation/audio": 0.0, "correlation/image": 0.0})
    step_through(part, equal, 100)
    assert all(value > 0.95 for value in aligner.measure(scene.step()).values())


@pytest.mark.parametrize(("modalities", "size"), [(1, 512), (2, 22), (3, 8), (4, 4)])
def test_default_sizes(modalities: int, size: int) -> None:
    names = ("audio", "image", "text", "video")[:modalities]
    part = TensorProjections()
    part.bind(Layout(names, (DIGIT,), dict.fromkeys(names, 600)), {})
    assert part.joint_size == size**modalities <= 512
    narrow = TensorProjections()
    narrow.bind(Layout(names, (DIGIT,), dict.fromkeys(names, 3)), {})
    assert narrow.joint_size == 3**modalities


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": {"audio": 0}}, "sizes must be positive, but got 0 for 'audio'"),
        ({"momentum": 1.0}, r"momentum must be within \[0, 1\), but got 1.0"),
        ({"mean_momentum": -0.1}, r"mean_momentum must be within \[0, 1\), but got -0.1"),
        ({"ridge": 0.0}, "ridge must be positive, but got 0.0"),
        ({"inertia": -1.0}, "inertia must not be negative, but got -1.0"),
        ({"solver": "svd"}, "solver must be one of sweep, closed_form, but got 'svd'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TensorProjections(**arguments)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"audio": 2}, r"sizes must name the modalities \('audio', 'image'\), but got \('audio',\)"),
        ({"audio": 2, "image": 6}, "sizes must not exceed those of the features, but got 6 for 'image' of 5"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TensorProjections(sizes).bind(make_layout(2), {})


@pytest.mark.parametrize("make", [TensorProduct, TensorAlignment])
def test_a_missing_part_is_named(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="must hold a TensorProjections named 'projections', but got NoneType"):
        make().bind(make_layout(2), {})
    with pytest.raises(ValueError, match="but got LateSum"):
        make().bind(make_layout(2), {"projections": LateSum()})


@pytest.mark.usefixtures("unchecked")
def test_an_unknown_pairing_is_refused() -> None:
    with pytest.raises(ValueError, match="pairing must be one of random, class, nearest, but got 'all'"):
        TensorAlignment("all")  # type: ignore[arg-type]
