"""The registry comes back as it was written, and one that breaks a rule is one line that names the file."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from acclimate.framework.errors import ZooError
from acclimate.zoo.folder import open_folder
from acclimate.zoo.metrics import Score
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS
from acclimate.zoo.registry import REGISTRY_LIMIT, Registry, builtin_registry
from acclimate.zoo.registry_entry import RegistryEntry

from .test_adapted_model import rehash

Document = dict[str, Any]


@pytest.fixture(scope="session")
def registry(entry: RegistryEntry) -> Registry:
    """One checkpoint, which had another name once."""
    return Registry({entry.name: entry}, {"modfinity.faces": entry.name}, ("https://somewhere.example/zoo",))


def test_an_entry_says_what_the_folder_holds(entry: RegistryEntry, saved: Path) -> None:
    assert set(entry.files) == {path.name for path in saved.iterdir()}
    assert entry.size == sum(path.stat().st_size for path in saved.iterdir())
    assert (entry.name, entry.recipe, entry.modalities) == ("modfinity.moods", "modfinity", ("face", "voice"))
    assert (entry.data, entry.source, entry.target) == ("moods.csv", ("day",), "night")
    assert (entry.licence, entry.data_licence, entry.embedded) == ("Apache-2.0", "CC0-1.0", False)
    task = entry.tasks["mood"]
    assert (task.classes, task.measure, task.target) == (3, "accuracy", Score(0.5, 0.45, 0.05, 3))


def test_the_entry_is_pinned_by_the_hash_that_sha256sum_would_print(entry: RegistryEntry, saved: Path) -> None:
    assert entry.sha256 == hashlib.sha256((saved / HASHES_FILE).read_bytes()).hexdigest()


def test_a_registry_comes_back_from_its_file(registry: Registry) -> None:
    assert Registry.from_json(registry.to_json().encode(), "registry.json") == registry


def test_an_entry_takes_the_place_of_one_of_its_name(registry: Registry, entry: RegistryEntry) -> None:
    other = attrs.evolve(entry, embedded=True)
    assert registry.with_entry(other).entries == {entry.name: other}
    assert Registry().with_entry(entry).entries == {entry.name: entry}
    with pytest.raises(ValueError, match=r"no checkpoint's name, but got 'modfinity\.faces'"):
        registry.with_entry(attrs.evolve(entry, name="modfinity.faces"))


def test_an_old_name_leads_to_the_new_one_and_says_so(
    registry: Registry, entry: RegistryEntry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert registry.find(entry.name) is entry
        assert not caplog.messages
        assert registry.find("modfinity.faces") is entry
    assert caplog.messages == ["the checkpoint modfinity.faces is called modfinity.moods now"]


def test_an_unknown_name_is_told_the_nearest(registry: Registry) -> None:
    with pytest.raises(ZooError, match=r"no checkpoint 'modfinty\.moods'; did you mean 'modfinity\.moods"):
        registry.find("modfinty.moods")
    with pytest.raises(ZooError, match=r"no checkpoint 'x'; `acclimate zoo list` names them"):
        registry.find("x")


def test_the_registry_that_comes_with_the_package_can_be_read() -> None:
    found = builtin_registry()
    assert Registry.from_json(found.to_json().encode(), "again") == found
    assert found is builtin_registry()


def own(document: Document) -> Document:
    """The one entry."""
    found: Document = document["checkpoints"]["modfinity.moods"]
    return found


def rename(new: str) -> Callable[[Document], None]:
    """Put the entry under another name."""

    def change(document: Document) -> None:
        document["aliases"] = {}
        document["checkpoints"][new] = document["checkpoints"].pop("modfinity.moods")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format=2), "has format 2, but this version of acclimate reads 1"),
        (lambda d: d.update(format=[[]] * 999), r"has format \[\[\], .*, but this version"),
        (lambda d: d.pop("mirrors"), "the key 'mirrors' is missing"),
        (lambda d: d.update(mirror=[]), "unknown key 'mirror'; did you mean 'mirrors'"),
        (lambda d: d.update(mirrors=["a\x1b[2J"]), "a mirror must be of printable characters"),
        (lambda d: d.update(checkpoints=[]), "checkpoints must be a mapping"),
        (lambda d: d["aliases"].update({"a.b": "c.d"}), r"alias a\.b must lead to a checkpoint's name, .* 'c\.d'"),
        (lambda d: d["aliases"].update({"a.b": "modfinity.faces"}), r"alias a\.b must lead to a checkpoint's name"),
        (lambda d: d["aliases"].update({"modfinity.moods": "modfinity.moods"}), "an alias must be method.tag, and no"),
        (lambda d: d["aliases"].update({"../b": "modfinity.moods"}), r"an alias must be .* but got '\.\./b'"),
        (rename("../../etc.d"), r"a name must be method\.tag .* but got '\.\./\.\./etc\.d'"),
        (rename("a" * 120 + ".b"), r"a name must be method\.tag .* but got 'aaa"),
        (lambda d: own(d).update(name="modfinity.moods"), "unknown key 'name'"),
        (lambda d: own(d).update(licence=7), "licence must be a string, but got 7"),
        (lambda d: own(d).update(licence="\x1b]0;you are mine\x07"), "licence must be of 1 to 4096 printable"),
        (lambda d: own(d).update(licence="\ud800"), "is damaged: .*half a character"),
        (lambda d: own(d).update(data="d" * 4097), "data must be of 1 to 4096 printable"),
        (lambda d: own(d).update(modalities=["voice", "face"]), "modalities in their order, but got"),
        (lambda d: own(d).update(modalities=[]), "there must be a task, and modalities"),
        (lambda d: own(d).update(tasks={}), "there must be a task"),
        (lambda d: own(d).update(embedded=1), "embedded must be true or false, but got 1"),
        (lambda d: own(d)["tasks"]["mood"]["target"].update(value=float("nan")), "[Nn]a[Nn]"),
        (lambda d: own(d)["tasks"]["mood"].update(classes="3"), "tasks.mood.classes must be a whole number"),
        (lambda d: own(d)["files"].pop(HASHES_FILE), "files must be config.json, .* but got .README.md"),
        (lambda d: own(d)["files"].update({"../x": {"size": 1, "sha256": "0" * 64}}), "files must be config.json"),
        (lambda d: own(d)["files"][HASHES_FILE].update(sha256="0" * 63), "sha256 must be 64 hexadecimal digits"),
        (lambda d: own(d)["files"]["README.md"].update(sha256="0" * 64), "files.SHA256SUMS must be the size and hash"),
        (lambda d: own(d)["files"]["README.md"].update(size=-1), "size.* must be >= 0"),
        (lambda d: own(d)["files"]["README.md"].update(size=True), "size must be a whole number"),
        (
            lambda d: own(d)["files"]["README.md"].update(size=SIZE_LIMITS["README.md"] + 1),
            "files.README.md may have 1048576 bytes at most, but has 1048577",
        ),
    ],
)
def test_a_registry_that_breaks_a_rule_is_refused_in_one_line(
    change: Callable[[Document], object], message: str, registry: Registry
) -> None:
    document: Document = json.loads(registry.to_json())
    change(document)
    with pytest.raises(ZooError, match=f"^some/registry.json .*{message}") as raised:
        Registry.from_json(json.dumps(document).encode(), "some/registry.json")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 700


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe{}",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"format": 1, "checkpoints": ' + b'{"a.b":' * 100_000,
        b'{"format": 1, "checkpoints": {"a.b": ' + b"[" * 900 + b"]" * 900 + b'}, "aliases": {}, "mirrors": []}',
        b'{"format": ' + b"9" * 5000 + b"}",
        b" " * (REGISTRY_LIMIT + 1),
    ],
    ids=["empty", "no UTF-8", "a list", "cut", "deep", "deep and cut", "nested", "a long number", "too large"],
)
def test_what_is_no_registry_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(ZooError, match=r"^some/registry\.json ") as raised:
        Registry.from_json(content, "some/registry.json")
    assert len(str(raised.value).splitlines()) == 1


def lose_the_scores(folder: Path) -> None:
    document = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    document["tasks"] = {"weather": document["tasks"]["mood"]}
    (folder / "metrics.json").write_text(json.dumps(document), encoding="utf-8")
    rehash(folder)


def turn_the_hashes_around(folder: Path) -> None:
    lines = (folder / HASHES_FILE).read_text(encoding="ascii").splitlines(keepends=True)
    (folder / HASHES_FILE).write_text("".join(reversed(lines)), encoding="ascii")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lose_the_scores, r"metrics\.json must hold scores of mood, but holds them of weather"),
        (turn_the_hashes_around, r"SHA256SUMS is damaged or was altered"),
    ],
)
def test_a_folder_that_no_registry_could_describe_is_refused(
    harm: Callable[[Path], None], message: str, folder: Path
) -> None:
    harm(folder)
    with pytest.raises(ZooError, match=message):
        RegistryEntry.from_folder(open_folder(folder))
