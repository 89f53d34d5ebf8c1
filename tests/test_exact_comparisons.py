"""What arithmetic computed is not compared to the last bit: processors and their libraries round differently.

A test compares computed numbers by `pytest.approx` or `assert_close`. Where bits are the promise, or values were only
copied, it says so by `assert_same_bits` or `same_bits`. Whole numbers, counted, may be compared by `==`.
"""

import ast
import doctest
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if path.name != "bits.py")
FOLDERS = ("acclimate", "adapters", "exporters", "framework", "zoo", "docs")
EXACT = {"array_equal", "array_equiv", "assert_array_equal", "equal"}
"""Names of functions of torch and numpy that compare bits."""

DIGITS = 6
"""Those behind the point that an example may print: doctest's option NUMBER compares as many as are printed."""


def inside(node: ast.expr) -> Iterator[ast.expr]:
    """An operand, and what literals and arithmetic there hold; not what a call such as `approx` is given."""
    yield node
    if not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from inside(child)


def called(node: ast.expr) -> str:
    """The last name of what is called; empty where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def holds_float(node: ast.expr) -> bool:
    return any(
        (isinstance(part, ast.Constant) and isinstance(part.value, float))
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and is_number(part.right))
        for part in inside(node)
    )


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def is_whole(node: ast.expr) -> bool:
    """Whether it is a literal, of which the numbers have no point."""
    literals = ast.Constant | ast.List | ast.Tuple | ast.Set | ast.UnaryOp | ast.BinOp | ast.expr_context
    return all(isinstance(part, literals) for part in inside(node)) and not holds_float(node)


def fault(node: ast.expr) -> str | None:
    """What is wrong with an expression."""
    if isinstance(node, ast.Call):
        return fault_of_call(node)
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
        operands = [node.left, *node.comparators]
        found = (fault_of_operand(one, [other for other in operands if other is not one]) for one in operands)
        return next(filter(None, found), None)
    return None


def fault_of_call(node: ast.Call) -> str | None:
    if called(node) in EXACT:
        return f"{called(node)} compares bits: use assert_same_bits where that is meant, and else assert_close"
    if {ast.unparse(one) for one in node.keywords} >= {"rtol=0", "atol=0"}:
        return "tolerances of 0 compare bits: use assert_same_bits where that is meant"
    return None


def fault_of_operand(operand: ast.expr, others: list[ast.expr]) -> str | None:
    if all(called(other) == "approx" for other in others):
        return None
    if holds_float(operand):
        return "a number with a point, or a quotient, is compared by ==: write approx(...) around it"
    if any(called(part) == "item" for part in inside(operand)):
        return "what item() gives is compared by ==: write approx(...) around the other side, or int(...) to count"
    if any(called(part) == "tolist" for part in inside(operand)) and not all(map(is_whole, others)):
        return "what tolist() gives is compared by ==: use assert_same_bits or assert_close, without tolist()"
    return None


def faults(source: str) -> list[str]:
    expressions = sorted(
        (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr)), key=lambda node: node.lineno
    )
    return [f"line {node.lineno}: {why}" for node in expressions if (why := fault(node))]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT / "tests").as_posix())
def test_computed_numbers_are_compared_with_room_for_rounding(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("loss.item() == 0", True),
        ("loss.item() == approx(0)", False),
        ("weight == 0.5", True),
        ("weight == 1 / 3", True),
        ("file == folder / name", False),
        ("weights == [approx(2.0), 0.0]", True),
        ("-0.5 != weight", True),
        ("rates == {name: 0.1}", True),
        ("loss > 0.5", False),
        ("torch.equal(one, other)", True),
        ("np.testing.assert_array_equal(one, other)", True),
        ("assert_close(one, other, atol=0, rtol=0)", True),
        ("assert_close(one, other, atol=1e-4, rtol=0)", False),
        ("assert_same_bits(one, other)", False),
        ("labels.tolist() == [1, -1, 0] + [2] * 3", False),
        ("present.tolist() == [[True, False]]", False),
        ("weights.tolist() == [1, 0.0]", True),
        ("weights.tolist() == expected", True),
        ("weights.tolist() == approx([1.0, 0.0])", False),
        ("(weights.tolist(), rows) == ([1, 0], 2)", False),
    ],
)
def test_the_rule_tells_right_from_wrong(source: str, *, wrong: bool) -> None:
    assert bool(faults(source)) is wrong


def documented() -> Iterator[tuple[Path, str]]:
    """All docstrings and pages."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                    yield path, text
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        yield path, path.read_text(encoding="utf-8")


def test_examples_print_rounded_numbers() -> None:
    for path, text in documented():
        for example in doctest.DocTestParser().get_examples(text):
            long = re.search(rf"\d\.\d{{{DIGITS + 1},}}", example.want)
            assert not long, f"{path.relative_to(ROOT)}: {example.source.strip()} prints {long and long[0]}: round it"
