"""What candidates say is kept as it is."""

from pathlib import Path

import pytest
from acclimate.framework.choosing import Statement
from acclimate.framework.errors import RunError
from bits import assert_same_bits

from .made_statements import make_statements


def test_a_file_gives_back_what_was_said(tmp_path: Path) -> None:
    statements, _ = make_statements({"coral": 0.5}, rows=20, groups=["ann", None] * 10, shares={"coral": 0.25})
    (statement,) = statements.values()
    statement.write(tmp_path / "said.npz")
    found = Statement.read(tmp_path / "said.npz")
    assert (found.groups, found.seconds, found.share) == (statement.groups, statement.seconds, statement.share)
    assert found.scores == statement.scores
    assert_same_bits(found.labels["label"], statement.labels["label"])
    for side in ("source", "target"):
        one, other = getattr(found, side), getattr(statement, side)
        assert_same_bits(one.present, other.present)
        assert one.modalities == other.modalities
        for head, logits in other.logits["label"].items():
            assert_same_bits(one.logits["label"][head], logits)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_damaged_file_is_an_error_of_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "said.npz"
    path.write_bytes(content)
    with pytest.raises(RunError, match="is damaged, remove it and it is made again") as error:
        Statement.read(path)
    assert "\n" not in str(error.value)
