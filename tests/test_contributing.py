"""The method that CONTRIBUTING.md adds works as it is printed there, keeps its promises, and breaks the one it says."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import Aligner, Builder, Step, Term, read_recipe
from acclimate.framework.testing import BrokenPromiseError, check_aligner, make_batch, make_schema

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^\*\*`([^`\n]+)`\*\*\n\n```\w+\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
"""What the page puts into files, by their names."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's files, where Python finds modules."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in FILES:
        sys.modules.pop(Path(name).stem, None)


def test_the_example_trains_an_encoder(folder: Path) -> None:
    method = Builder(read_recipe(folder / "mean-alignment.yaml")).build(make_schema())
    present = torch.tensor([[True, True], [True, True], [False, True]])
    losses = method.step(make_batch(rows=6, present=present), make_batch(rows=3, present=present, labelled=False))
    means = {name: term for name, term in losses.terms.items() if name.startswith("means/")}
    assert set(means) == {"means/audio", "means/image"}
    means["means/audio"].value.backward()
    gradients = [parameter.grad for parameter in method.model.encoders["audio"].parameters()]
    assert any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


@pytest.mark.usefixtures("folder")
def test_the_example_keeps_what_aligners_promise() -> None:
    import_module("test_my_methods").test_promises()


@pytest.mark.usefixtures("folder")
def test_the_sentence_of_a_broken_promise_is_the_one_printed() -> None:
    means: type[Aligner] = import_module("my_methods").MeanAlignment

    class Forgetful(Aligner):
        """Leaves out what its terms reach."""

        def forward(self, step: Step) -> dict[str, Term]:
            """Those of the example."""
            return {name: attrs.evolve(term, reaches=None) for name, term in means()(step).items()}

    (sentence,) = re.findall(r"^```text\n(.*?)\n```$", TEXT, re.DOTALL | re.MULTILINE)
    with pytest.raises(BrokenPromiseError) as broken:
        check_aligner(Forgetful())
    assert str(broken.value).replace("Forgetful", "MeanAlignment") == sentence
