"""What becomes of signals where a device's axes are turned or mirrored, by hand and as a group."""

import numpy as np
import pytest
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SignalPreprocessing
from acclimate.framework.errors import DataError
from acclimate.framework.maps import Rotations, SignedPermutations, Unlabelled, find_devices
from acclimate.framework.maps.orientations import turning_law
from acclimate.framework.maps.prepared import carry_over
from acclimate.framework.maps.turning_words import describe_turn, signed_permutations

MEAN, STD = (1.0, -2.0, 0.5), (2.0, 0.5, 1.0)
SIGNAL = SignalPreprocessing(length=4, mean=MEAN, std=STD)


def seen(*names: str) -> Unlabelled:
    rows = {name: np.zeros((2, 3, 4), np.float32) for name in names}
    arrays = Arrays(rows, np.ones((2, len(names)), bool), None, ("a", "b"), ("t", "t"), np.arange(2))
    return Unlabelled(dict.fromkeys(names, SIGNAL), arrays)


def test_there_are_48_signed_permutations_and_24_of_them_are_rotations() -> None:
    found = signed_permutations()
    determinants = [round(float(np.linalg.det(matrix))) for matrix in found]
    assert len({matrix.tobytes() for matrix in found}) == 48
    assert sorted(determinants) == [-1] * 24 + [1] * 24


def test_signed_permutations_are_closed_and_hold_their_inverses() -> None:
    found = {tuple(matrix.flatten().astype(int)) for matrix in signed_permutations()}
    for first in signed_permutations():
        for second in signed_permutations():
            assert tuple((first @ second).flatten().astype(int)) in found
        assert tuple(first.T.flatten().astype(int)) in found


def test_each_has_words_of_its_own() -> None:
    names = [describe_turn(matrix) for matrix in signed_permutations()]
    assert len(set(names)) == 48
    assert names[0] == "as it is"


@pytest.mark.parametrize(
    ("matrix", "name"),
    [
        ([[1, 0, 0], [0, -1, 0], [0, 0, -1]], "turned by 180 degrees about x"),
        ([[0, -1, 0], [1, 0, 0], [0, 0, 1]], "turned by 90 degrees about z"),
        ([[0, 1, 0], [-1, 0, 0], [0, 0, 1]], "turned by -90 degrees about z"),
        ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], "turned by 120 degrees about the diagonal (1, 1, 1)"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, -1]], "turned by 180 degrees about the diagonal (1, 1, 0)"),
        ([[1, 0, 0], [0, -1, 0], [0, 0, 1]], "mirrored in y"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], "x and y exchanged"),
        ([[0, -1, 0], [-1, 0, 0], [0, 0, 1]], "x and y exchanged with opposite signs"),
        ([[-1, 0, 0], [0, -1, 0], [0, 0, -1]], "inverted in x, y and z"),
        ([[0, -1, 0], [1, 0, 0], [0, 0, -1]], "turned by 90 degrees about z and mirrored in z"),
    ],
)
def test_turns_are_named(matrix: list[list[float]], name: str) -> None:
    assert describe_turn(np.array(matrix, np.float64)) == name


def test_a_mirror_image_turns_the_other_way_round() -> None:
    """An arm that swings about z, seen in a mirror across x: forces along x change sign, and so does the turn."""
    mirror = np.diag([-1.0, 1.0, 1.0])
    force, turn = np.array([3.0, 1.0, 9.8]), np.array([0.1, 0.0, 2.0])
    np.testing.assert_allclose(turning_law(mirror, "accelerometer") @ force, [-3.0, 1.0, 9.8])
    np.testing.assert_allclose(turning_law(mirror, "gyroscope") @ turn, [0.1, 0.0, -2.0])
    np.testing.assert_allclose(turning_law(mirror, "magnetometer") @ turn, [0.1, 0.0, -2.0])


def test_velocities_of_a_mirrored_body_are_those_of_the_mirrored_turn() -> None:
    """V = w x r: the law of an axial vector is the one under which the mirrored body moves as the mirror shows."""
    generator = np.random.default_rng(0)
    turn, place = generator.standard_normal((2, 3))
    for matrix in signed_permutations():
        velocity = np.cross(turning_law(matrix, "gyroscope") @ turn, matrix @ place)
        np.testing.assert_allclose(velocity, matrix @ np.cross(turn, place), atol=1e-12)


def test_a_map_of_prepared_values_is_that_of_the_values_before_preprocessing() -> None:
    raw = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32) * 3
    for matrix in signed_permutations():
        expected = SIGNAL(Decoded("array", raw @ matrix.T.astype(np.float32)))
        found = carry_over("turned", matrix, np.zeros(3), SIGNAL)(SIGNAL(Decoded("array", raw))[np.newaxis])
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-5)


def test_a_map_of_values_before_preprocessing_by_hand() -> None:
    """X = 1 + 2 * 3 = 7, mirrored and moved -7 + 2 = -5, prepared (-5 - 1) / 2 = -3."""
    one = FeaturesPreprocessing(mean=[1.0], std=[2.0])
    found = carry_over("mirrored", [[-1.0]], [2.0], one)(np.array([[3.0]], np.float32))
    np.testing.assert_allclose(found, [[-3.0]])


def test_a_device_is_mapped_as_one() -> None:
    group = SignedPermutations(accelerometer="acc", gyroscope="gyro")
    by_name = {candidate.name: candidate for candidate in group.candidates(seen("acc", "gyro"))}
    assert len(by_name) == 47
    mirrored = by_name["mirrored in x"]
    np.testing.assert_allclose(mirrored.maps["acc"](np.ones((1, 3, 1), np.float32))[0, :, 0], [-2, 1, 1], rtol=1e-6)
    # The gyroscope's y and z change sign: -(-2 + .5) = 1.5, prepared (1.5 + 2) / .5 = 7; -(.5 + 1) = -1.5, -2.
    np.testing.assert_allclose(mirrored.maps["gyro"](np.ones((1, 3, 1), np.float32))[0, :, 0], [1, 7, -2], rtol=1e-6)


def test_what_a_map_leaves_alone_is_not_named() -> None:
    """Inverted in all axes, an axial vector stays as it is."""
    group = SignedPermutations(accelerometer="acc", gyroscope="gyro")
    by_name = {candidate.name: candidate for candidate in group.candidates(seen("acc", "gyro"))}
    assert list(by_name["inverted in x, y and z"].maps) == ["acc"]


def test_four_quarter_turns_are_none() -> None:
    turned = dict(Rotations("acc", step=90.0).matrices())["turned by 90 degrees about y"]
    np.testing.assert_allclose(np.linalg.matrix_power(turned, 4), np.eye(3), atol=1e-12)
    assert describe_turn(turned.round()) == "turned by 90 degrees about y"


def test_devices_are_found_by_the_names_of_columns() -> None:
    names = ["phone_acc", "phone_gyro", "watchAccelerometer", "watchGyroscope", "mag-left", "voice"]
    groups, said = find_devices(dict.fromkeys(names, SIGNAL))
    assert [group.modalities for group in groups] == [
        ("phone_acc", "phone_gyro"),
        ("watchAccelerometer", "watchGyroscope"),
        ("mag-left",),
    ]
    assert said[2] == "device 'left', by the columns' names: magnetometer 'mag-left'"


def test_names_without_a_device_are_one_device() -> None:
    groups, said = find_devices({"accelerometer": SIGNAL, "gyroscope": SIGNAL})
    assert groups[0].sensors == {"accelerometer": "accelerometer", "gyroscope": "gyroscope"}
    assert said == ["one device, by the columns' names: accelerometer 'accelerometer', gyroscope 'gyroscope'"]


def test_signals_that_no_device_has_together_are_left_alone() -> None:
    groups, said = find_devices({"acc": SIGNAL, "accel": SIGNAL})
    assert not groups
    assert said == ["one device would have two signals of a sensor, 'acc' and 'accel': left alone"]


def test_other_channels_and_kinds_are_no_device() -> None:
    four = SignalPreprocessing(length=4, mean=[0.0] * 4, std=[1.0] * 4)
    features = FeaturesPreprocessing(mean=[0.0] * 3, std=[1.0] * 3)
    assert find_devices({"acc": four, "gyro": features}) == ([], [])
    with pytest.raises(DataError, match="acc: axes can be turned of a signal of 3 channels, but it is signal of 4"):
        SignedPermutations("acc").candidates(Unlabelled({"acc": four}, seen("acc").target))
    with pytest.raises(DataError, match="a device's signal must be a modality, 'acc', but got 'gyro'"):
        SignedPermutations("gyro").candidates(seen("acc"))


def test_devices_name_each_modality_once() -> None:
    with pytest.raises(ValueError, match="must name modalities, each another, but got"):
        SignedPermutations(accelerometer="acc", gyroscope="acc")
    with pytest.raises(ValueError, match="but got \\[\\]"):
        SignedPermutations()
    with pytest.raises(ValueError, match="step must be within"):
        Rotations("acc", step=0.0)
