"""`acclimate zoo list`, `show`, `pull` and `verify`, as a user types them; one clear line for each mistake."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from acclimate.zoo import RegistryEntry
from acclimate.zoo.folder import open_folder
from acclimate.zoo.registry import REGISTRY_FILE, Registry

from acclimate.__main__ import main

from .test_adapted_model import rehash

NAME = "modfinity.moods"
Say = Callable[..., list[str]]


@pytest.fixture
def say(mirror: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command that goes well, with the mirror."""

    def run(*arguments: object) -> list[str]:
        capsys.readouterr()
        assert main(["zoo", *map(str, arguments), "--mirror", str(mirror)]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def error_of(arguments: list[object], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that fails says."""
    capsys.readouterr()
    assert main(["zoo", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_the_list_names_checkpoints_with_their_scores(say: Say) -> None:
    lines = say("list", "*.moods")
    (row,) = [line for line in lines if NAME in line]
    for cell in ("0.600", "0.500", "0.17"):
        assert cell in row
    assert any("accuracy" in line for line in lines)
    assert "none of" in say("list", "nobody.*")[0]
    assert not any(NAME in line for line in say("list", "--task", "regression"))
    assert any(NAME in line for line in say("list", "--modalities", "voice,face"))
    assert not any(NAME in line for line in say("list", "--modalities", "voice,smell"))


def test_the_list_can_be_read_by_programs(say: Say, entry: RegistryEntry) -> None:
    (found,) = json.loads("\n".join(say("list", "*.moods", "--json")))
    assert (found["name"], found["size"], found["sha256"], found["place"]) == (NAME, entry.size, entry.sha256, None)
    assert found["tasks"]["mood"]["target"] == pytest.approx({"value": 0.5, "mean": 0.45, "std": 0.05, "seeds": 3})
    assert say("list", "nobody.*", "--json") == ["[]"]
    say("pull", NAME)
    assert json.loads("\n".join(say("list", "*.moods", "--json")))[0]["place"] == "cached"


def test_a_checkpoint_that_is_elsewhere_is_shown_as_the_registry_says(
    say: Say, entry: RegistryEntry, mirror: Path
) -> None:
    text = "\n".join(say("show", NAME))
    for part in (
        "by the recipe modfinity",
        "from day to night, of moods.csv",
        "face, voice",
        "mood: 3 classes",
        "source 0.600; target (oracle) 0.500 (0.450 ± 0.050, 3 seeds); source-only on the target (oracle) 0.600",
        "Apache-2.0; of the data: CC0-1.0",
        entry.sha256,
        f"not on this machine; asked for it: {mirror}",
    ):
        assert part in text
    assert json.loads("\n".join(say("show", NAME, "--json")))["recipe"] == "modfinity"


def test_a_checkpoint_that_is_here_shows_its_card(say: Say, tmp_path: Path) -> None:
    say("pull", NAME)
    text = "\n".join(say("show", NAME))
    assert "How it was chosen" in text
    assert "model-index" not in text
    assert f"cached: {tmp_path / 'cache'}" in text


def test_a_card_cannot_command_the_terminal(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mirror = tmp_path / "mirror"
    folder = Path(shutil.copytree(saved, mirror / NAME))
    (folder / "README.md").write_text("# A card\n\n\x1b]0;yours\x07 [red]text[/red]\n", encoding="utf-8")
    rehash(folder)
    changed = RegistryEntry.from_folder(open_folder(folder))
    (mirror / REGISTRY_FILE).write_text(Registry({NAME: changed}).to_json(), encoding="utf-8")
    assert main(["zoo", "pull", NAME, "--mirror", str(mirror)]) == 0
    error = error_of(["show", NAME, "--mirror", mirror], capsys)
    assert "README.md holds the control character" in error
    assert error.isprintable()


def test_what_was_pulled_can_be_used_by_the_line_that_is_printed(
    say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my checkpoint"
    first, line = say("pull", NAME, "--out", out)
    assert first.startswith(f"{out}: ")
    np.save(tmp_path / "face.npy", np.zeros(3))
    program, *arguments = shlex.split(line)
    assert program == "acclimate"
    assert arguments == ["predict", str(out), "--face", "FILE", "--voice", "FILE"]
    assert main([*arguments[:2], "--face", str(tmp_path / "face.npy")]) == 0
    assert capsys.readouterr().out.startswith("mood: ")


def test_without_a_copy_it_stays_in_the_cache_and_is_there_offline(
    say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = say("pull", NAME)
    path = Path(first.partition(": ")[0])
    assert path.is_relative_to(tmp_path / "cache")
    assert say("pull", NAME, "--offline")[0] == first
    assert main(["zoo", "pull", NAME, "--mirror", "https://127.0.0.1:9", "--offline"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_good_checkpoints_are_called_good(say: Say, saved: Path) -> None:
    assert say("verify", saved) == [f"{saved}: good"]
    path = say("pull", NAME)[0].partition(": ")[0]
    assert say("verify", NAME) == [f"{path}: good"]
    assert f"{path}: good" in say("verify")


def test_a_checkpoint_that_nobody_knows_is_called_so(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "verify", str(saved)]) == 0
    assert capsys.readouterr().out == f"{saved}: good, but no registry knows it\n"


def test_every_bad_file_has_its_line(mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(mirror / NAME, tmp_path / "copy"))
    (folder / "README.md").write_text("another card", encoding="utf-8")
    (folder / "model.onnx").unlink()
    error = error_of(["verify", folder], capsys)
    assert error == "acclimate zoo: 1 of 1 checkpoint(s) cannot be trusted, for the reasons above"
    main(["zoo", "verify", str(folder)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [str(folder / "README.md"), str(folder / "model.onnx")]
    # Whoever describes the altered files anew is found out where a registry knows the checkpoint.
    shutil.copy(mirror / NAME / "model.onnx", folder)
    rehash(folder)
    assert main(["zoo", "verify", str(folder)]) == 0
    capsys.readouterr()
    assert main(["zoo", "verify", str(folder), "--mirror", str(mirror)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(" ")[0] for line in lines} == {str(folder / "README.md"), str(folder / "SHA256SUMS")}


def test_a_cached_checkpoint_that_was_altered_is_found(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(say("pull", NAME)[0].partition(": ")[0])
    (path / "metrics.json").write_text("{}", encoding="utf-8")
    rehash(path)
    # No registry is asked here: the cache itself knows the hash.
    assert main(["zoo", "verify"]) == 2
    assert f"{path / 'SHA256SUMS'} is damaged or was altered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there are list, show, pull, verify"),
        (["lst"], "but got 'lst'; did you mean 'list'?"),
        (["show"], "name"),
        (["show", "modfinity.mods"], "no checkpoint 'modfinity.mods'"),
        (["show", "../x"], "no checkpoint '../x'"),
        (["pull", "../x"], "no checkpoint '../x'"),
        (["pull", NAME], f"no checkpoint '{NAME}'"),
        (["pull", NAME, "--mirror", "ftp://somewhere.example"], "a mirror must be https://"),
        (["list", "--mirror", "ftp://somewhere.example"], "a mirror must be https://"),
        (["verify", NAME], f"no checkpoint '{NAME}'"),
        (["verify", "no/folder"], "1 of 1 checkpoint(s) cannot be trusted"),
        (["verify", "--nonsense"], "--nonsense"),
    ],
)
def test_bad_use_is_one_line(arguments: list[object], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in error_of(arguments, capsys)


def test_a_name_that_must_be_pulled_first_says_so(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = error_of(["verify", NAME, "--mirror", mirror], capsys)
    assert error.endswith(f"{NAME} is not on this machine: acclimate zoo pull {NAME}")


def test_a_damaged_registry_of_a_mirror_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / REGISTRY_FILE).write_text('{"format": 1}', encoding="utf-8")
    for command in (["list"], ["show", NAME], ["pull", NAME], ["verify"]):
        assert f"{tmp_path}/{REGISTRY_FILE} is no registry" in error_of([*command, "--mirror", tmp_path], capsys)


def test_no_command_but_those_that_train_brings_torch(mirror: Path) -> None:
    script = f"""
import sys
from acclimate.__main__ import main
where = ["--mirror", {str(mirror)!r}]
for command in ("list", "show NAME", "pull NAME", "show NAME", "verify", "verify NAME"):
    assert main(["zoo", *command.replace("NAME", "{NAME}").split(), *where]) == 0, command
assert main(["zoo", "--help"]) == 0
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_old_name_is_one_line_more_on_standard_error(mirror: Path) -> None:
    script = "import sys; from acclimate.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", script, "zoo", "pull", "modfinity.faces", "--mirror", str(mirror)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, f"the checkpoint modfinity.faces is called {NAME} now\n")
    assert f"/{NAME}/" in done.stdout
