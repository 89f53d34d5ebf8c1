"""Classes by import path: what is trusted is decided before anything is imported."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from acclimate.framework import Aligner, Builder, RecipeError, read_recipe
from acclimate.framework.recipes.class_paths import TRUSTED, check_trusted, import_class, instantiate
from acclimate.framework.recipes.class_spec import ClassSpec

from .small import make_recipe, make_schema

RNA = "acclimate.adapters.RelativeNormAlignment"


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module that leaves a file behind when it is imported; yields that file's path."""
    trace = tmp_path / "imported"
    (tmp_path / "hostile.py").write_text(f"open({str(trace)!r}, 'w').close()\nclass Thing: pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield trace
    sys.modules.pop("hostile", None)


HOSTILE_SPECS = {
    "class": {"class_path": "hostile.Thing"},
    "argument": {"class_path": RNA, "init_args": {"comparison": {"class_path": "hostile.Thing"}}},
    "path as a string": {"class_path": RNA, "init_args": {"comparison": "hostile.Thing"}},
    "YAML in a string": {"class_path": RNA, "init_args": {"comparison": "{class_path: hostile.Thing}"}},
    "escapes in YAML in a string": {
        "class_path": RNA,
        "init_args": {"comparison": '{"class_path": "\\x68ostile.Thing"}'},
    },
    "deep in a list": {"class_path": RNA, "init_args": {"comparison": [{"inner": ({"class_path": "hostile.Thing"},)}]}},
}


@pytest.mark.parametrize("spec", HOSTILE_SPECS.values(), ids=HOSTILE_SPECS)
@pytest.mark.parametrize("key", ["aligners.rna", "selector", "model.fusion", "parts.x", "training.optimizer"])
def test_an_untrusted_path_is_refused_before_it_is_imported(spec: object, key: str, hostile: Path) -> None:
    recipe = read_recipe("rna-uda", {key: spec})
    message = f"rna-uda: {key}: to be trusted, a class_path must begin with one of acclimate., torch.optim., but got"
    with pytest.raises(RecipeError, match=re.escape(message)):
        Builder(recipe, trusted=TRUSTED)
    assert not hostile.exists()


@pytest.mark.parametrize("spec", HOSTILE_SPECS.values(), ids=HOSTILE_SPECS)
def test_nor_is_one_imported_from_the_current_folder(
    spec: object, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(hostile.parent)])
    monkeypatch.chdir(hostile.parent)
    with pytest.raises(RecipeError, match="to be trusted, a class_path must begin with"):
        Builder(read_recipe("rna-uda", {"aligners.rna": spec}), trusted=TRUSTED)
    assert not hostile.exists()


def test_the_module_is_imported_where_all_is_trusted(hostile: Path) -> None:
    """Else the test above could not fail."""
    with pytest.raises(RecipeError):
        Builder(read_recipe("rna-uda", {"aligners.rna": {"class_path": "hostile.Thing"}})).build(make_schema())
    assert hostile.exists()


def test_our_own_recipes_are_trusted() -> None:
    method = Builder(read_recipe("rna-uda"), trusted=TRUSTED).build(make_schema())
    assert set(method.aligners) == {"classification", "rna", "domain", "information"}


@pytest.mark.parametrize("text", ["resnet18.a1_in1k", "weights.safetensors", "one. two", "a: [", ""])
def test_strings_that_name_no_module_are_no_paths(text: str) -> None:
    check_trusted(ClassSpec("acclimate.adapters.Thing", {"model_name": text}), TRUSTED, "here")


def test_a_prefix_ends_at_a_dot() -> None:
    with pytest.raises(RecipeError, match=r"'acclimate_evil\.Thing'"):
        check_trusted(ClassSpec("acclimate_evil.Thing"), TRUSTED, "here")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ClassSpec("acclimate.adapters.Rna"), "here: acclimate.adapters.Rna: module 'acclimate.adapters' has no"),
        (
            ClassSpec("nowhere.Rna"),
            "here: nowhere.Rna: No module named 'nowhere': it must be installed, or lie in the current folder",
        ),
        (ClassSpec("Rna"), "here: "),
        (ClassSpec("acclimate.adapters.LateSum"), "does not correspond to a subclass of Aligner"),
        (ClassSpec("acclimate.framework.Aligner"), "acclimate.framework.Aligner is abstract"),
        (ClassSpec(RNA, {"lambda_gg": 1}), f"here: {RNA}: Option 'lambda_gg' is not accepted"),
        (ClassSpec(RNA, {"lambda_g": "x"}), f"here: {RNA}: lambda_g: Expected a <class 'float'>. Got value: x"),
        (ClassSpec(RNA, {"lambda_g": -1.0}), "here: lambda_g must not be negative, but got -1.0."),
    ],
)
def test_what_cannot_be_made_is_one_line_that_names_it(spec: ClassSpec, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)) as caught:
        instantiate(Aligner, spec, "here")
    assert "\n" not in str(caught.value)


def test_making_an_object_leaves_its_spec_alone() -> None:
    arguments = {"lambda_g": 0.5, "comparison": {"form": "wacv"}}
    spec = ClassSpec(RNA, {"lambda_g": 0.5, "comparison": {"form": "wacv"}})
    instantiate(Aligner, spec, "here")
    assert spec.init_args == arguments


@pytest.mark.parametrize("path", ["acclimate.framework.layout.JOINT", "acclimate.nowhere.Thing", "Thing", ""])
def test_what_is_no_class_cannot_be_imported(path: str) -> None:
    with pytest.raises(RecipeError, match="here: "):
        import_class(ClassSpec(path), "here")


def test_classes_of_a_users_own_need_no_registration() -> None:
    recipe = make_recipe(aligners={"mine": {"class_path": "loop.parts.Spy"}})
    assert type(Builder(recipe).build(make_schema()).aligners["mine"]).__name__ == "Spy"


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a module that lies in the current folder, which Python does not search."""
    (tmp_path / "lying_here.py").write_text(
        "from acclimate.adapters import LateSum\n\nclass Sum(LateSum):\n    pass\n", encoding="utf-8"
    )
    # As in a program that is installed: where it lies comes first, and the current folder nowhere.
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in {"", str(Path.cwd())}])
    monkeypatch.chdir(tmp_path)
    yield "lying_here"
    sys.modules.pop("lying_here", None)


def test_a_module_of_the_current_folder_is_found(own_module: str, tmp_path: Path) -> None:
    before = list(sys.path)
    fusion = {"class_path": f"{own_module}.Sum"}
    method = Builder(make_recipe(model={"fusion": fusion})).build(make_schema())
    assert type(method.model.fusion).__name__ == "Sum"
    assert sys.path == [*before, str(tmp_path)]
    assert import_class(ClassSpec(f"{own_module}.Sum"), "here") is type(method.model.fusion)


def test_the_current_folder_is_searched_for_what_lies_there_alone(own_module: str, tmp_path: Path) -> None:
    """A module that is missing elsewhere, such as an optional library, is not looked for in it."""
    with pytest.raises(RecipeError, match="No module named 'nowhere'"):
        import_class(ClassSpec("nowhere.Rna"), "here")
    Builder(make_recipe()).build(make_schema())
    assert str(tmp_path) not in sys.path
    assert own_module not in sys.modules


def test_what_is_installed_comes_before_the_current_folder(own_module: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise AssertionError('imported')\n", encoding="utf-8")
    (tmp_path / "acclimate").mkdir()
    Builder(make_recipe(aligners={"mine": {"class_path": RNA}})).build(make_schema())
    assert str(tmp_path) not in sys.path
    assert import_class(ClassSpec(f"{own_module}.Sum"), "here").__name__ == "Sum"
