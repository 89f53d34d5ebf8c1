"""Sessions of every form: threads change nothing, absent slots neither, and every bad batch is one clear error."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from acclimate.exporters import Session
from acclimate.framework import DataError
from bits import assert_same_bits
from numpy.typing import NDArray

from .trio import FORMS, MODALITIES, POSITIONS, Trio

Batch = tuple[dict[str, NDArray[Any]], NDArray[np.bool_], dict[str, NDArray[np.int64]]]


@pytest.fixture(scope="module", params=FORMS)
def session(request: pytest.FixtureRequest, trio: Trio) -> Session:
    """Of each form."""
    return Session(trio.folders[request.param])


def draw_batch(trio: Trio, seed: int) -> Batch:
    """A batch of 1 to 9 rows with modalities and lengths of their own."""
    generator = np.random.default_rng(seed)
    rows, steps = int(generator.integers(1, 10)), int(generator.integers(1, 17))
    present = generator.random((rows, len(MODALITIES))) < 0.6
    present[~present.any(axis=1), 0] = True
    lengths = {name: generator.integers(1, steps + 1, rows) for name in ("motion", "note")}
    return trio.draw(rows, steps, seed), present, lengths


def assert_same(found: dict[str, NDArray[np.float32]], expected: dict[str, NDArray[np.float32]]) -> None:
    """The same bits."""
    for name, values in expected.items():
        assert_same_bits(found[name], values, name)


def test_sixty_four_threads_say_what_one_says(session: Session, trio: Trio) -> None:
    batches = [draw_batch(trio, seed) for seed in range(128)]
    expected = [session.run(*batch) for batch in batches]
    with ThreadPoolExecutor(64) as pool:
        for found, own in zip(pool.map(lambda batch: session.run(*batch), batches), expected, strict=True):
            assert_same(found, own)


def test_all_forms_say_the_same(session: Session, trio: Trio) -> None:
    whole = Session(trio.folders["mask"])
    for seed in range(20):
        batch = draw_batch(trio, seed)
        expected = whole.run(*batch)
        for name, values in session.run(*batch).items():
            np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max])
def test_what_stands_in_absent_slots_and_padding_changes_nothing(junk: float, session: Session, trio: Trio) -> None:
    for seed in range(10):
        inputs, present, lengths = draw_batch(trio, seed)
        clean = session.run(inputs, present, lengths)
        told = {name: values.copy() for name, values in lengths.items()}
        for column, name in enumerate(MODALITIES):
            inputs[name][~present[:, column]] = junk if name != "note" else -(2**62)
            if name in lengths:
                steps = np.arange(inputs[name].shape[-1]) >= lengths[name][:, np.newaxis]
                padding = np.broadcast_to(steps if name == "note" else steps[:, np.newaxis], inputs[name].shape)
                inputs[name][padding] = junk if name != "note" else 2**40
                told[name][~present[:, column]] = -7
        assert_same(session.run(inputs, present, told), clean)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "place"), [("motion", (2, 1, 3)), ("place", (2, 0))])
def test_no_number_in_a_present_slot_is_an_error(
    value: float, name: str, place: tuple[int, ...], session: Session, trio: Trio
) -> None:
    inputs = trio.draw(4)
    inputs[name][place] = value
    with pytest.raises(DataError, match=f"^{name}: expected finite values, but row 2 holds NaN or infinity.$"):
        session.run(inputs)


@pytest.mark.parametrize("token", [-1, -(2**63), 99, 2**63 - 1])
def test_an_unknown_token_in_a_present_slot_is_an_error(token: int, session: Session, trio: Trio) -> None:
    inputs = trio.draw(4)
    inputs["note"][1, 11] = token
    last = (trio.schema.preprocessing["note"].indices or 0) - 1
    with pytest.raises(DataError, match=f"^note: expected indices from 0 to {last}, but row 1 holds {token}.$"):
        session.run(inputs)


def test_the_highest_token_is_known(session: Session, trio: Trio) -> None:
    inputs = trio.draw(2)
    inputs["note"][:] = (trio.schema.preprocessing["note"].indices or 0) - 1
    assert np.isfinite(session.run(inputs)["label_logits"]).all()


def test_a_text_that_the_graph_has_no_positions_for_is_an_error_of_one_line(session: Session, trio: Trio) -> None:
    session.run(trio.draw(2, POSITIONS))
    with pytest.raises(DataError, match=r"^the graph refuses this batch: .*out of data bounds") as raised:
        session.run(trio.draw(2, POSITIONS + 1))
    assert "\n" not in str(raised.value)


def test_arrays_of_any_layout_are_the_same_rows(session: Session, trio: Trio) -> None:
    inputs = trio.draw(6)
    expected = session.run(inputs)
    shared = np.zeros((6, 2 * 2 * 12 + 3), np.float32)
    shared[:, :48:2], shared[:, 48:] = inputs["motion"].reshape(6, 24), inputs["place"]
    layouts = {
        "columns first": {name: np.asfortranarray(values) for name, values in inputs.items()},
        "backwards": {name: values[::-1].copy()[::-1] for name, values in inputs.items()},
        "parts of one array": {
            **inputs,
            "motion": shared[:, :48:2].reshape(6, 2, 12),
            "place": shared[:, 48:],
        },
        "a matrix": {**inputs, "place": inputs["place"].view(np.matrix)},
    }
    for name, layout in layouts.items():
        before = {key: values.copy() for key, values in layout.items()}
        for values in layout.values():
            values.flags.writeable = False
        found = session.run(layout)
        for key, values in expected.items():
            assert_same_bits(found[key], values, name)
        for key, values in before.items():
            assert_same_bits(layout[key], values, name)


def test_a_matrix_is_checked_as_an_array_is(session: Session, trio: Trio) -> None:
    inputs = trio.draw(3)
    inputs["place"][1, 2] = np.nan
    with pytest.raises(DataError, match="place: expected finite values, but row 1"):
        session.run({**inputs, "place": inputs["place"].view(np.matrix)})


def test_a_large_batch_is_many_small_ones(session: Session, trio: Trio) -> None:
    inputs = trio.draw(20_000, steps=3)
    found = session.run(inputs)
    for start in (0, 9_999, 19_990):
        few = session.run({name: values[start : start + 10] for name, values in inputs.items()})
        for name, values in few.items():
            np.testing.assert_allclose(found[name][start : start + 10], values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place": np.zeros((2, 3), object)}, "place: expected float32 values, but got object"),
        ({"place": np.zeros((2, 3), "U3")}, "place: expected float32 values, but got <U3"),
        ({"place": np.zeros((2, 3), np.complex64)}, "place: expected float32 values, but got complex64"),
        ({"place": np.zeros((2, 3), ">f4")}, "place: expected float32 values, but got >f4"),
        ({"place": np.zeros((2, 3), np.float16)}, "place: expected float32 values, but got float16"),
        ({"place": np.zeros((2, 3), [("x", "f4")])}, "place: expected float32 values, but got "),
        ({"place": np.ma.masked_array(np.zeros((2, 3), np.float32), mask=True)}, "place: expected .* without a mask"),
        ({"place": np.array(1, np.float32)}, r"place: expected the shape \('batch', 3\), but got \(\)"),
        ({"place": np.zeros((2, 3, 1), np.float32)}, r"place: expected the shape \('batch', 3\), but got \(2, 3, 1\)"),
        ({"note": np.zeros((2, 12), np.int32)}, "note: expected int64 values, but got int32"),
        ({"note": np.zeros((2, 12), np.float32)}, "note: expected int64 values, but got float32"),
        ({"note": np.zeros((2, 0), np.int64)}, r"note: expected the shape \('batch', 5|6\), but got \(2, 0\)"),
        ({"note": np.zeros((3, 12), np.int64)}, "same number of rows, but got motion 2, note 3, place 2"),
    ],
)
def test_a_bad_input_is_refused_in_one_line(
    change: dict[str, NDArray[Any]], message: str, session: Session, trio: Trio
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        session.run({**trio.draw(2), **change})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"smell": np.array([1, 2])}, "unknown modality 'smell': the artefact has motion, note, place"),
        ({"motion": np.array([0, 1])}, "motion: lengths must be from 1 to the 12 steps given, but got 0"),
        ({"note": np.array([-3, 1])}, "note: lengths must be from 1 to the 12 steps given, but got -3"),
        ({"note": np.array([13, 1], np.uint64)}, "note: lengths must be from 1 to the 12 steps given, but got 13"),
        (
            {"note": np.array([2**63, 1], np.uint64)},
            "note: lengths must be from 1 to the 12 steps .* 9223372036854775808",
        ),
        ({"motion": np.array([1.0, 2.0])}, "motion: expected a whole number for each of 2 rows .* float64"),
        ({"motion": np.array([True, True])}, "motion: expected a whole number for each of 2 rows .* bool"),
        ({"motion": np.array([1])}, r"motion: expected a whole number for each of 2 rows .* shape \(1,\)"),
        ({"motion": np.array(5)}, r"motion: expected a whole number for each of 2 rows .* shape \(\)"),
        ({"motion": np.array(["1", "2"])}, "motion: lengths must be an array of numbers, but got <U1"),
        ({"motion": np.array([1, None])}, "motion: lengths must be an array of numbers, but got object"),
    ],
)
def test_bad_lengths_are_refused_in_one_line(
    lengths: dict[str, NDArray[Any]], message: str, session: Session, trio: Trio
) -> None:
    with pytest.raises(DataError, match=message):
        session.run(trio.draw(2), lengths=lengths)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        (np.array([["1", "0", "1"], ["0", "1", "1"]]), "present must be an array of numbers, but got <U1"),
        (np.array([[1, 0, None], [1, 1, 1]]), "present must be an array of numbers, but got object"),
        (np.ones((2, 3), np.complex64), "present must be an array of numbers, but got complex64"),
        (np.ma.masked_array(np.ones((2, 3)), mask=True), "present must be an array of numbers, but got a masked array"),
        (np.array([[1, 0, np.nan], [1, 1, 1]]), "present must hold 0 and 1 only, but got nan"),
        (np.array([[1, 0, 2], [1, 1, 1]]), "present must hold 0 and 1 only, but got 2"),
        (np.array([[1, 0, -1], [1, 1, 1]], np.int8), "present must hold 0 and 1 only, but got -1"),
        (np.array(1), r"present must have the shape \(2, 3\), for motion, note, place, but has \(\)"),
        (np.ones((3, 2)), r"present must have the shape \(2, 3\), .* but has \(3, 2\)"),
        (np.array([[1, 0, 0], [0, 0, 0]]), "every row must have a modality, but row 1 has none"),
    ],
)
def test_bad_presence_is_refused_in_one_line(present: NDArray[Any], message: str, session: Session, trio: Trio) -> None:
    with pytest.raises(DataError, match=message):
        session.run(trio.draw(2), present)


WITHOUT_ANNOTATIONS = """
import json, sys
import numpy as np
from acclimate.exporters import Session
from acclimate.framework import DataError

session, good = Session(sys.argv[1]), {"place": np.zeros((2, 3), np.float32)}
steps = {"motion": np.zeros((2, 2, 4), np.float32)}
calls = [
    lambda: session.run(None),
    lambda: session.run([good["place"]]),
    lambda: session.run({"place": [[0.0] * 3] * 2}),
    lambda: session.run({"place": None}),
    lambda: session.run({1: good["place"]}),
    lambda: session.run(good, [[1, 0], [0]]),
    lambda: session.run(good, "all"),
    lambda: session.run(steps, lengths=[1, 2]),
    lambda: session.run(steps, lengths={"motion": [[1], [1, 2]]}),
    lambda: session.run(steps, lengths={"motion": "2"}),
    lambda: session.predict(None),
    lambda: session.predict({"place": 3}),
]
found = []
for call in calls:
    try:
        call()
    except DataError as error:
        found.append(str(error))
session.run(good, [[0, 0, 1], [0, 0, 1]])
session.run(steps, lengths={"motion": [1, 4]})
print(json.dumps(found))
"""


def test_arguments_of_another_type_are_refused_in_one_line(trio: Trio) -> None:
    """In a process of its own, where nothing checks annotations."""
    command = [sys.executable, "-c", WITHOUT_ANNOTATIONS, trio.folders["branch"]]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found[:7] == [
        "inputs must be given by modality, in a mapping, but got NoneType.",
        "inputs must be given by modality, in a mapping, but got list.",
        "place: expected a numpy array, but got list.",
        "place: expected a numpy array, but got NoneType.",
        "unknown modality '1': the artefact has motion, note, place.",
        found[5],
        "present must be an array of numbers, but got <U3.",
    ]
    assert found[5].startswith("present must be an array of numbers, but numpy can make none of it: ")
    assert found[7] == "lengths must be given by modality, in a mapping, but got list."
    assert found[8].startswith("motion: lengths must be an array of numbers, but numpy can make none of it: ")
    assert found[9:] == [
        "motion: lengths must be an array of numbers, but got <U1.",
        "inputs must be given by modality, in a mapping, but got NoneType.",
        "place: expected a path or a numpy array, but got int.",
    ]
