"""Tables with a corrupted domain."""

from collections import Counter
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import (
    Row,
    Samples,
    Schema,
    Table,
    check_file,
    check_table,
    read_table,
    scan_table,
    write_table,
)
from acclimate.framework.data.corruptions import (
    Plan,
    add_corrupted_domain,
    check_plan,
    corrupt_table,
    parse_plan,
    plan_preset,
)
from acclimate.framework.data.relocation import relocate
from bits import assert_same_bits

from .data_files import write_image, write_sound, write_text

NOISE = "gaussian_noise(std=0.3, seed=0)"


def plans(*texts: str) -> list[Plan]:
    return [parse_plan(text) for text in texts]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_corrupted_table_survives_writing_and_reading(table: Table, tmp_path: Path, suffix: str) -> None:
    steps = plans("image=brightness(factor=0.3) + gaussian_noise(std=0.3)", "speech=audio_snr(snr_db=5, share=0.5)")
    corrupted = add_corrupted_domain(table, "street", "dark", steps)
    write_table(corrupted, tmp_path / f"copy{suffix}")
    copy = read_table(tmp_path / f"copy{suffix}")
    assert [attrs.evolve(row, line=0) for row in copy.rows] == [attrs.evolve(row, line=0) for row in corrupted.rows]
    assert copy.modalities == ("image", "signal", "speech")
    schema = Schema.fit(table.select("lab", "train"))
    for before, after in zip(*(Samples(rows, schema, labelled=True) for rows in (corrupted, copy)), strict=True):
        for name, values in before.inputs.items():
            assert_same_bits(after.inputs[name], values)


def test_a_table_without_corruptions_has_no_column_for_them(table: Table, tmp_path: Path) -> None:
    write_table(table, tmp_path / "copy.csv")
    assert "corrupt" not in (tmp_path / "copy.csv").read_text()


def test_a_copied_domain_has_the_same_labels_and_splits_and_leaves_the_clean_one_alone(table: Table) -> None:
    corrupted = add_corrupted_domain(table, "street", "dark", plans("image=gaussian_noise(std=0.3)"))
    assert corrupted.rows[: len(table)] == table.rows
    copies = corrupted.rows[len(table) :]
    clean = table.select("street").rows
    assert [row.id for row in copies] == [f"{row.id}@dark" for row in clean]
    for before, after in zip(clean, copies, strict=True):
        assert after.domain == "dark"
        assert after.corruptions == ({"image": NOISE} if before.cells["image"] else {})
        same = attrs.evolve(after, id=before.id, domain=before.domain, corruptions={})
        assert same == before


def test_half_of_each_split_moves_in_whole_groups(table: Table) -> None:
    grouped = table.with_rows(
        attrs.evolve(row, group=f"g{number // 4}", split="test" if number >= 16 else "train")
        for number, row in enumerate(table.rows)
    )
    steps = plans("signal=gaussian_noise(std=0.3)")
    divided = add_corrupted_domain(grouped, "street", "dark", steps, rows="half", seed=1)
    assert [row.id for row in divided.rows] == [row.id for row in table.rows]
    counts = Counter((row.domain, row.split) for row in divided.rows if row.domain != "lab")
    assert counts == {("street", "train"): 4, ("dark", "train"): 4, ("street", "test"): 2, ("dark", "test"): 2}
    homes = {(row.group, row.domain) for row in divided.rows if row.domain != "lab"}
    assert len(homes) == len({group for group, _ in homes}) == 6
    assert {bool(row.corruptions) for row in divided.rows if row.domain == "dark"} == {True}
    assert not any(row.corruptions for row in divided.rows if row.domain != "dark")
    assert divided == add_corrupted_domain(grouped, "street", "dark", steps, rows="half", seed=1)
    others = [add_corrupted_domain(grouped, "street", "dark", steps, rows="half", seed=seed) for seed in range(2, 8)]
    assert any(other != divided for other in others)


def test_all_rows_may_move_or_be_corrupted_where_they_are(table: Table) -> None:
    steps = plans("signal=gaussian_noise(std=0.3)")
    moved = add_corrupted_domain(table, "street", "dark", steps, rows="all")
    assert moved.domains == ("dark", "lab")
    stayed = add_corrupted_domain(table, "street", "street", steps, rows="all")
    assert stayed.domains == ("lab", "street")
    for after in (moved, stayed):
        assert [row.id for row in after.rows] == [row.id for row in table.rows]
        assert all(bool(row.corruptions) == (row.domain != "lab") for row in after.rows)


def big_table(rows: int = 1000) -> Table:
    """Rows without files."""
    return Table(
        [
            Row(n, f"row{n}", "x", "test" if n % 4 == 0 else "train", {}, {"image": f"{n}.png", "text": f"{n}.txt"})
            for n in range(rows)
        ],
        Path(),
        ("image", "text"),
        (),
    )


@pytest.mark.parametrize("share", [0.0, 0.2, 0.8, 1.0])
def test_the_share_that_is_asked_for_is_corrupted_in_each_split(share: float) -> None:
    table = big_table()
    replaced = corrupt_table(table, plans(f"image=noise_replacement(share={share})"))
    for split, count in (("train", 750), ("test", 250)):
        rows = [row for row in replaced.rows if row.split == split]
        assert sum(bool(row.corruptions) for row in rows) == round(share * count)
    if share == pytest.approx(0.8):
        chosen = np.array([bool(row.corruptions) for row in replaced.rows if row.split == "train"], dtype=float)
        # Spread over the table, not in a row.
        assert np.abs(np.corrcoef(chosen[1:], chosen[:-1])[0, 1]) < 0.1
        assert abs(chosen[:375].mean() - 0.8) < 0.07


def test_a_larger_share_takes_more_rows_to_those_before_and_order_does_not_matter() -> None:
    table = big_table()
    taken: set[str] = set()
    for share in (0.2, 0.4, 0.8):
        steps = plans(f"image=drop(share={share})")
        now = {row.id for row in corrupt_table(table, steps).rows if row.cells["image"] is None}
        backwards = corrupt_table(table.with_rows(reversed(table.rows)), steps)
        assert now == {row.id for row in backwards.rows if row.cells["image"] is None}
        assert taken < now
        taken = now


def test_another_seed_or_modality_takes_other_rows() -> None:
    table = big_table()
    taken = [
        {row.id for row in corrupt_table(table, plans(text)).rows if None in row.cells.values()}
        for text in ("image=drop(share=0.5)", "image=drop(share=0.5, seed=1)", "text=drop(share=0.5)")
    ]
    for other in taken[1:]:
        assert len(other & taken[0]) == pytest.approx(250, abs=50)


def test_no_row_loses_its_last_modality(table: Table) -> None:
    names = table.modalities
    bare = corrupt_table(table, plans(*(f"{name}=drop(share=1)" for name in names)))
    assert all(row.present == (names[-1],) or len(row.present) == 1 for row in bare.rows)
    schema = Schema.fit(table.select("lab", "train"))
    for sample in Samples(bare, schema, labelled=True):
        assert sample.present.sum() == 1
    half = corrupt_table(big_table(), plans("image=drop(share=0.5)", "text=drop(share=0.5)"))
    assert all(row.present for row in half.rows)


def test_a_corrupted_domain_may_be_corrupted_further(table: Table) -> None:
    once = add_corrupted_domain(table, "street", "dark", plans("image=brightness(factor=0.5)"), rows="all")
    twice = add_corrupted_domain(once, "dark", "noisy", plans("image=gaussian_noise(std=0.3)"), rows="all")
    cells = {row.corruptions["image"] for row in twice.rows if row.corruptions}
    assert cells == {f"brightness(factor=0.5, seed=0) + {NOISE}"}
    first = next(row for row in twice.rows if row.corruptions)
    with pytest.raises(DataError) as error:
        add_corrupted_domain(twice, "noisy", "noisier", plans("image=gaussian_noise(std=1)"), rows="all")
    assert str(error.value) == (
        f"line {first.line}, id {first.id!r}, image: a corruption must stand once, but 'gaussian_noise' stands 2 times."
    )


@pytest.mark.parametrize(
    ("domain", "name", "rows", "message"),
    [
        ("cellar", "dark", "copy", "domain must be one of 'lab', 'street', but got 'cellar'."),
        ("street", "lab", "copy", "the new domain must have a name of its own, but 'lab' is in the table already."),
        (
            "street",
            "street",
            "half",
            "the new domain must have a name of its own, but 'street' is in the table already.",
        ),
    ],
)
def test_names_of_domains_are_checked(table: Table, domain: str, name: str, rows: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        add_corrupted_domain(
            table, domain, name, plans("image=drop(share=1)"), rows="half" if rows == "half" else "copy"
        )
    assert str(error.value) == message


def test_what_cannot_be_divided_is_not(table: Table) -> None:
    one = table.with_rows(attrs.evolve(row, group="all") for row in table.rows)
    with pytest.raises(
        DataError, match=r"^a domain must have rows, or groups of rows, for two halves, but 'lab' has 12 "
    ):
        add_corrupted_domain(one, "lab", "dark", plans("image=drop(share=1)"), rows="half")


def test_a_modality_that_is_not_there_is_named(table: Table) -> None:
    with pytest.raises(DataError) as error:
        corrupt_table(table, plans("smell=drop(share=1)"))
    assert str(error.value) == "a modality to corrupt must be one of 'image', 'signal', 'speech', but got 'smell'."


HEAD = "id,domain,split,label,image,corrupt.image"


def test_a_column_must_corrupt_a_modality(tmp_path: Path) -> None:
    path = write_text(tmp_path / "table.csv", "id,domain,split,image,corrupt.picture", "a,x,train,a.png,")
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == f"{path}: column 'corrupt.picture' must name one of image, but got 'picture'."


def test_a_cell_that_is_wrong_is_named_with_its_row(tmp_path: Path) -> None:
    lines = ["a,x,train,1,a.png,", 'b,x,train,0,a.png,"gaussian_noise(sd=1)"', "c,x,train,1,a.png,fog"]
    path = write_text(tmp_path / "table.csv", HEAD, *lines)
    wanted = "line 3, id 'b', image: gaussian_noise: arguments are seed, std, but got 'sd'."
    with pytest.raises(DataError) as error:
        read_table(path)
    assert str(error.value) == f"{path}, {wanted} (the first of 2 such rows)"
    table, problems = scan_table(path)
    assert [row.id for row in table.rows] == ["a"]
    assert [str(problem).split(":")[0] for problem in problems] == ["line 3, id 'b', image", "line 4, id 'c', image"]


def test_a_check_counts_corruptions_and_names_what_does_not_fit(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    write_sound(tmp_path / "a.wav", np.zeros(40))
    lines = ["a,x,train,0,a.png,", f'b,x,train,1,a.png,"{NOISE}"', f'c,y,test,1,a.png,"{NOISE}"']
    lines += ['d,y,test,0,a.png,"audio_snr(snr_db=1)"', f'e,y,test,0,,"{NOISE}"', "f,y,test,0,a.png,"]
    lines += ["g,x,train,0,a.png,", "h,x,train,1,a.png,"]
    path = write_text(tmp_path / "table.csv", f"{HEAD},speech", *(f"{line},a.wav" for line in lines))
    report = check_file(path)
    assert report.corruptions == {
        f"image: {NOISE}": {("x", "train"): 1, ("y", "test"): 1},
        "image: audio_snr(snr_db=1)": {("y", "test"): 1},
    }
    assert [str(problem) for problem in report.problems] == [
        "line 5, id 'd', image: a.png: audio_snr is for audio, but this is image."
    ]
    block = str(report).split("\n\n")[2].splitlines()
    assert block[0].startswith("corruptions")
    assert [line.split("  ")[0] for line in block[1:]] == [f"image: {NOISE}", "image: audio_snr(snr_db=1)"]


def test_a_corrupted_table_of_good_files_has_no_problems(table: Table) -> None:
    texts = (
        "image=pixel_noise(std=0.3) + gaussian_noise(std=1)",
        "speech=audio_snr(snr_db=0)",
        "signal=gaussian_noise(std=1)",
    )
    assert check_table(add_corrupted_domain(table, "street", "dark", plans(*texts))).ok


def test_a_plan_is_compared_with_what_a_modality_holds(table: Table) -> None:
    check_plan(parse_plan("signal=gaussian_noise(std=1) + drop(share=1)"), table)
    with pytest.raises(DataError, match=r"^brightness is for image, but this is signal\.$"):
        check_plan(parse_plan("signal=brightness(factor=0.5)"), table)


def test_a_preset_goes_by_what_modalities_hold(table: Table) -> None:
    found = {
        plan.modality: [str(step.corruption) for step in plan.steps] for plan in plan_preset("boomda", table, seed=2)
    }
    assert found == {
        "image": ["brightness(factor=0.2, seed=2)", "gaussian_snr(snr_db=-3.010299956639812, seed=2)"],
        "speech": ["audio_snr(snr_db=0.0, seed=2)"],
    }
    assert [plan.modality for plan in plan_preset("boomda", table, ["speech"])] == ["speech"]
    (noisy,) = plan_preset("modfinity-noisy-ave", table)
    (step,) = noisy.steps
    assert (str(step.corruption), step.share) == ("noise_replacement(std=1.0, seed=0)", pytest.approx(0.8))


@pytest.mark.parametrize(
    ("name", "modalities", "message"),
    [
        ("a3d2", None, "a preset must be one of a3d2-iemocap, "),
        ("boomda", ["signal"], "preset 'boomda' is for audio, image, text, but modality 'signal' is signal."),
        ("boomda", ["smell"], "a modality to corrupt must be one of 'image', 'signal', 'speech', but got 'smell'."),
    ],
)
def test_what_is_wrong_with_a_preset_is_said(
    table: Table, name: str, modalities: list[str] | None, message: str
) -> None:
    with pytest.raises(DataError) as error:
        plan_preset(name, table, modalities)
    assert str(error.value).startswith(message)


def test_a_table_may_go_to_another_folder(table: Table, tmp_path: Path) -> None:
    elsewhere = tmp_path / "far" / "away"
    elsewhere.mkdir(parents=True)
    schema = Schema.fit(table.select("lab", "train"))
    for folder in (elsewhere, tmp_path.parent, tmp_path):
        moved = relocate(table, folder)
        write_table(moved, folder / "moved.csv")
        again = read_table(folder / "moved.csv")
        for before, after in zip(*(Samples(rows, schema, labelled=True) for rows in (table, again)), strict=True):
            for name, values in before.inputs.items():
                assert_same_bits(after.inputs[name], values)
    assert relocate(table, tmp_path.parent).rows[0].cells["signal"] == f"{tmp_path.name}/signals.npz:watch[0]"
    assert relocate(table, elsewhere).rows[0].cells["speech"] == str(tmp_path / "0.wav")
