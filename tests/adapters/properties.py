"""What every Aligner, Fusion, TeacherSelector and Balancer must do, whatever the method.

To test a method's part, add a case to the list in test_aligners.py (or its neighbours) that says what it claims.
"""

import zlib
from collections.abc import Callable, Mapping, Set as AbstractSet

import attrs
import torch
from acclimate.framework.batch import Representation, Term
from acclimate.framework.interfaces import Aligner
from acclimate.framework.layout import DomainSide, Layout
from acclimate.framework.testing import DIGIT, SCATTERED, SCORE, VERB, Rows, Scene, drop, make_scene
from torch import Tensor, nn

Terms = Mapping[str, Term]


def no_parts(_layout: Layout) -> Mapping[str, nn.Module]:
    """Nothing is shared."""
    return {}


@attrs.frozen
class AlignerCase:
    """An Aligner and what it claims.

    Args:
        name: of the case.
        make: makes it.
        terms: names of its terms on two modalities and one classification task, with both sides.
        without_target: those that it still has in generalisation.
        regression: those that it has for a regression task.
        symmetric: whether the sum of its terms stays when the modalities' names are exchanged.
        gradient_sign: -1 where the features get the reversed gradient of the value, as behind gradient reversal; None
            where it holds a number constant that depends on them, such as a kernel's bandwidth.
        random: whether it draws numbers, so that the order of rows makes a difference.
        parts: makes the modules that it shares with others.
    """

    name: str
    make: Callable[[], Aligner]
    terms: AbstractSet[str]
    without_target: AbstractSet[str] = frozenset()
    regression: AbstractSet[str] = frozenset()
    symmetric: bool = True
    gradient_sign: float | None = 1.0
    random: bool = False
    parts: Callable[[Layout], Mapping[str, nn.Module]] = no_parts

    def bound(self, layout: Layout, dtype: torch.dtype = torch.float64) -> Aligner:
        """The Aligner, bound, with the same weights at each call."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            aligner = self.make()
            aligner.bind(layout, self.parts(layout))
            for name, weight in aligner.named_parameters():
                # By name: a task's weights do not depend on what other tasks there are.
                torch.manual_seed(zlib.crc32(name.encode()))
                nn.init.uniform_(weight, -0.5, 0.5)
        return aligner.to(dtype)

    def terms_of(self, scene: Scene, *, target_labels: bool = False) -> Terms:
        """Its terms on a scene."""
        terms: Terms = self.bound(scene.layout, _dtype(scene))(scene.step(target_labels=target_labels))
        return terms


def _dtype(scene: Scene) -> torch.dtype:
    return next(iter(scene.leaves.values())).dtype


def _total(terms: Terms) -> Tensor:
    return torch.stack([term.weighted for term in terms.values()]).sum()


def _gradients(value: Tensor, scene: Scene) -> dict[Representation, Tensor]:
    leaves = scene.leaves
    gradients = torch.autograd.grad(value, list(leaves.values()), retain_graph=True, materialize_grads=True)
    return dict(zip(leaves, gradients, strict=True))


def _naming(name: str) -> Callable[[str], str]:
    return lambda text: f"{name}: {text}"


def _assert_same(first: Terms, second: Terms) -> None:
    assert first.keys() == second.keys()
    for name, term in first.items():
        torch.testing.assert_close(term.value, second[name].value, msg=_naming(name))
        assert term.weight == second[name].weight, name


def check_finite(case: AlignerCase, scene: Scene) -> None:
    """Terms are finite scalars of the graph, and so are their gradients."""
    for name, term in case.terms_of(scene).items():
        assert term.value.shape == (), name
        assert term.value.dtype == _dtype(scene), name
        assert term.value.requires_grad, name
        assert term.value.isfinite(), name
        for representation, gradient in _gradients(term.value, scene).items():
            assert gradient.isfinite().all(), (name, representation)


def check_names(case: AlignerCase) -> None:
    """The terms are those that the case names, for whichever sides are there, and bear the task's name if needed."""
    assert case.terms_of(make_scene(2)).keys() == case.terms
    assert case.terms_of(make_scene(2, target=None)).keys() == case.without_target
    assert case.terms_of(make_scene(2, tasks=(SCORE,))).keys() == case.regression


def check_reach(case: AlignerCase) -> None:
    """A term's gradient reaches the features that it declares, and no others."""
    scene = make_scene()
    for name, term in case.terms_of(scene).items():
        gradients = _gradients(term.value, scene)
        reached = {representation for representation, gradient in gradients.items() if gradient.abs().max() > 0}
        assert reached == (scene.leaves.keys() if term.reaches is None else term.reaches), name


def check_closed_form_gradients(case: AlignerCase) -> None:
    """Where a term brings its gradient, it is the one that differentiation gives."""
    scene = make_scene()
    for name, term in case.terms_of(scene).items():
        for representation, gradient in (term.gradient or {}).items():
            expected = _gradients(term.value, scene)[representation]
            torch.testing.assert_close(gradient, expected, msg=_naming(name))


def check_row_order(case: AlignerCase) -> None:
    """The order of rows within a batch makes no difference, unless the case draws numbers."""
    scene = make_scene().change(drop(SCATTERED))
    generator = torch.Generator().manual_seed(1)

    def shuffle(rows: Rows) -> Rows:
        return rows.take(torch.randperm(len(rows), generator=generator))

    if not case.random:
        _assert_same(case.terms_of(scene), case.terms_of(scene.change(shuffle)))


def check_modality_names(case: AlignerCase) -> None:
    """Exchanged names leave the sum of all terms as it is, if the case claims so; otherwise they change it."""
    scene = make_scene().change(drop(SCATTERED))
    renamed = scene.rename({"audio": "text", "image": "audio", "text": "image"})
    first, second = _total(case.terms_of(scene)), _total(case.terms_of(renamed))
    assert torch.allclose(first, second) == case.symmetric


def check_absent_rows(case: AlignerCase, garbage: float) -> None:
    """What stands in an absent slot, NaN too, changes no value, and gets no gradient."""
    scene = make_scene().change(drop(SCATTERED))
    filled = scene.change(lambda rows: rows.fill_absent(garbage))
    expected, found = case.terms_of(scene), case.terms_of(filled)
    _assert_same(expected, found)
    for name, term in found.items():
        gradients = _gradients(term.value, filled)
        for representation, gradient in _gradients(expected[name].value, scene).items():
            torch.testing.assert_close(gradients[representation], gradient)
    if found:
        gradients = _gradients(_total(found), filled)
        for side, rows in _sides(filled):
            for column, modality in enumerate(rows.features):
                assert (gradients[side, modality][~rows.present[:, column]] == 0).all()


def _sides(scene: Scene) -> list[tuple[DomainSide, Rows]]:
    assert scene.source is not None
    assert scene.target is not None
    return [("source", scene.source), ("target", scene.target)]


def check_target_labels_are_not_seen(case: AlignerCase) -> None:
    """Labels that a target's batch carries by mistake change nothing."""
    scene = make_scene(tasks=(DIGIT, SCORE))
    _assert_same(case.terms_of(scene), case.terms_of(scene, target_labels=True))


def check_tasks_are_separate(case: AlignerCase) -> None:
    """With several tasks each has the terms that it has alone, with its name behind; those without a task stay."""
    scene = make_scene(tasks=(DIGIT, VERB, SCORE))
    together = case.terms_of(scene)
    named: dict[str, Term] = {}
    for task in scene.layout.tasks:
        for name, term in case.terms_of(scene.with_tasks(task)).items():
            named[name if name in together else f"{name}/{task.name}"] = term
    _assert_same(together, named)


def check_gradient(case: AlignerCase) -> None:
    """The gradient by what a term reaches is the one that finite differences give, reversed if the case claims so."""
    if case.gradient_sign is None:
        return
    scene = make_scene(2, source=5, target=4).change(drop(torch.tensor([[True, True], [True, False], [True, True]])))
    gradients = {name: _gradients(term.value, scene) for name, term in case.terms_of(scene).items()}
    generator = torch.Generator().manual_seed(2)
    step = 1e-6
    for representation, leaf in scene.leaves.items():
        direction = torch.randn(leaf.shape, generator=generator, dtype=leaf.dtype)
        moved = []
        for sign in (1.0, -1.0):
            with torch.no_grad():
                leaf.add_(sign * step * direction)
                moved.append(case.terms_of(scene))
                leaf.sub_(sign * step * direction)
        for name, term in moved[0].items():
            # A value may depend on features that get no gradient: those of a teacher.
            if term.reaches is None or representation in term.reaches:
                expected = case.gradient_sign * (term.value - moved[1][name].value) / (2 * step)
                found = (gradients[name][representation] * direction).sum()
                torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7, msg=_naming(name))


def check_repeatable(case: AlignerCase) -> None:
    """The same step gives the same terms, bit by bit."""
    scene = make_scene().change(drop(SCATTERED))
    first, second = case.terms_of(scene), case.terms_of(scene)
    assert first.keys() == second.keys()
    for name, term in first.items():
        assert torch.equal(term.value, second[name].value), name
