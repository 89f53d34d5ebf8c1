"""A checkpoint comes from where it is, whole, with the right bytes, and what it costs is paid once."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest
from acclimate.framework.errors import ZooError
from acclimate.zoo.cache import Cache
from acclimate.zoo.mirrors import download as download_module
from acclimate.zoo.names import GRAPH_FILE, WEIGHTS_FILE
from acclimate.zoo.pulling import pull
from acclimate.zoo.registry import Registry
from acclimate.zoo.registry_entry import RegistryEntry

from . import faulty_server as faults
from .faulty_server import serve
from .small_checkpoint import NAME, make_checkpoint, write_registry


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(download_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("ACCLIMATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ACCLIMATE_ZOO_MIRRORS", raising=False)
    monkeypatch.delenv("ACCLIMATE_OFFLINE", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Of a mirror."""
    return tmp_path / "mirror"


@pytest.fixture
def entry(root: Path) -> RegistryEntry:
    """Of what the mirror holds."""
    return make_checkpoint(root)


@pytest.fixture
def builtin(entry: RegistryEntry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of the package that has it."""
    return set_builtin(Registry({entry.name: entry}, {"rna.moods": entry.name}), monkeypatch)


def set_builtin(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setattr("acclimate.zoo.pulling.builtin_registry", lambda: registry)
    return registry


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leftovers(cache: Path) -> list[Path]:
    """What is neither a checkpoint that is visible, nor a lock, nor a note."""
    known = {"checkpoints", "locks", "notes"}
    return [path for path in cache.rglob("*") if path.is_file() and path.relative_to(cache).parts[0] not in known]


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a socket is made or a name is looked up."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(f"socket.{name}", fail)


@pytest.mark.usefixtures("builtin")
def test_a_checkpoint_is_fetched_once_and_then_found(root: Path, entry: RegistryEntry, tmp_path: Path) -> None:
    with serve(root) as server:
        first = pull(NAME, mirrors=[server.address])
        again = pull(NAME, mirrors=[server.address])
    assert len(server.asked) == 6
    assert first.path == again.path == Cache(tmp_path / "cache").place(NAME, entry.sha256)
    assert contents(first.path) == contents(root / NAME)
    assert first.read(GRAPH_FILE) == (root / NAME / GRAPH_FILE).read_bytes()
    assert not leftovers(tmp_path / "cache")


@pytest.mark.usefixtures("builtin")
def test_a_mirror_that_fails_is_followed_by_the_next(root: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(root, half)
    (half / NAME / WEIGHTS_FILE).unlink()
    wrong = make_checkpoint(tmp_path / "wrong", seed=1)
    assert wrong.name == NAME
    places = [str(tmp_path / "none"), "http://127.0.0.1:9", str(tmp_path / "wrong"), str(half), str(root)]
    assert contents(pull(NAME, mirrors=places).path) == contents(root / NAME)


@pytest.mark.usefixtures("builtin")
def test_what_one_mirror_began_another_one_ends(root: Path) -> None:
    """The second server is never asked for what came from the first."""
    with serve(root, [faults.truthful] * 4 + [faults.drops] * 9) as first:
        with pytest.raises(ZooError, match=r"rna-uda\.moods came from no mirror: http.* bytes too early"):
            pull(NAME, mirrors=[first.address])
        assert any(asked.offset for asked in first.asked)
    with serve(root) as second:
        assert contents(pull(NAME, mirrors=[second.address]).path) == contents(root / NAME)
    assert second.sent < sum(len(content) for content in contents(root / NAME).values()) / 2


@pytest.mark.usefixtures("builtin")
def test_that_no_mirror_has_it_is_one_line_with_every_reason(tmp_path: Path) -> None:
    with serve(tmp_path) as server, pytest.raises(ZooError) as raised:
        pull(NAME, mirrors=[server.address, str(tmp_path / "none")])
    assert str(raised.value) == (
        f"{NAME} came from no mirror: {server.address} answers 404: it has no such file. "
        f"there is no {tmp_path / 'none' / NAME / 'config.json'}."
    )
    assert not any((tmp_path / "cache" / "unfinished").iterdir())


@pytest.mark.usefixtures("builtin")
def test_without_a_mirror_the_error_says_how_to_give_one() -> None:
    with pytest.raises(ZooError, match=r"neither in the package nor in the cache .*--mirror or ACCLIMATE_ZOO_MIRRORS"):
        pull(NAME)


def test_places_are_asked_in_their_order(root: Path, entry: RegistryEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(root.parent) as one, serve(root.parent) as two, serve(root.parent) as three, serve(root) as four:
        own = attrs.evolve(entry, mirrors=(three.address,))
        set_builtin(Registry({NAME: own}, {}, (four.address,)), monkeypatch)
        monkeypatch.setenv("ACCLIMATE_ZOO_MIRRORS", two.address)
        pull(NAME, mirrors=[one.address])
        assert [len(server.asked) for server in (one, two, three, four)] == [1, 1, 1, 6]


@pytest.mark.usefixtures("builtin")
def test_an_old_name_leads_to_the_new_one(root: Path) -> None:
    assert pull("rna.moods", mirrors=[str(root)]).path.parent.name == NAME


def test_another_version_is_another_place(root: Path, entry: RegistryEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    set_builtin(Registry({NAME: entry}), monkeypatch)
    old = pull(NAME, mirrors=[str(root)])
    shutil.rmtree(root)
    newer = make_checkpoint(root, seed=1)
    set_builtin(Registry({NAME: newer}), monkeypatch)
    new = pull(NAME, mirrors=[str(root)])
    assert contents(new.path) == contents(root / NAME) != contents(old.path)


@pytest.mark.usefixtures("builtin")
def test_a_damaged_copy_is_fetched_anew(root: Path, tmp_path: Path) -> None:
    path = pull(NAME, mirrors=[str(root)]).path
    (path / GRAPH_FILE).write_bytes(b"!")
    (path / "planted.py").write_text("import os", encoding="utf-8")
    with pytest.raises(ZooError, match=r"the network may not be used .*planted\.py is no file of a checkpoint"):
        pull(NAME, mirrors=["https://zoo.example"], local_files_only=True)
    assert contents(pull(NAME, mirrors=[str(root)]).path) == contents(root / NAME)
    assert not leftovers(tmp_path / "cache")


@pytest.mark.usefixtures("builtin")
def test_the_package_comes_first_unless_it_is_damaged(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root, tmp_path / "package")
    monkeypatch.setattr("acclimate.zoo.embedded.FOLDER", tmp_path / "package")
    assert pull(NAME, mirrors=["https://zoo.example"]).path == tmp_path / "package" / NAME
    assert not (tmp_path / "cache").exists()
    (tmp_path / "package" / NAME / GRAPH_FILE).write_bytes(b"!")
    with pytest.raises(ZooError, match=r"neither in the package .*model\.onnx is damaged or was altered"):
        pull(NAME)
    assert contents(pull(NAME, mirrors=[str(root)]).path) == contents(root / NAME)


@pytest.mark.usefixtures("builtin")
def test_threads_wait_for_each_other_too(root: Path) -> None:
    with serve(root) as server, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: pull(NAME, mirrors=[server.address]).path, range(8)))
    assert len(set(found)) == 1
    assert len(server.asked) == 6


@pytest.mark.usefixtures("builtin")
def test_what_was_planted_on_the_way_never_becomes_visible(root: Path, entry: RegistryEntry, tmp_path: Path) -> None:
    begun = tmp_path / "cache" / "unfinished" / NAME / entry.sha256
    (begun / "planted").mkdir(parents=True)
    with pytest.raises(ZooError, match="planted is no file of a checkpoint"):
        pull(NAME, mirrors=[str(root)])
    assert not (tmp_path / "cache" / "checkpoints").exists()
    assert contents(pull(NAME, mirrors=[str(root)]).path) == contents(root / NAME)


@pytest.mark.usefixtures("builtin")
def test_what_an_older_version_began_goes(root: Path, tmp_path: Path) -> None:
    begun = tmp_path / "cache" / "unfinished" / NAME / ("0" * 64)
    begun.mkdir(parents=True)
    (begun / GRAPH_FILE).write_bytes(b"half")
    pull(NAME, mirrors=[str(root)])
    assert not leftovers(tmp_path / "cache")


def test_a_mirror_without_a_registry_is_passed_over(root: Path, tmp_path: Path) -> None:
    write_registry(root, make_checkpoint(root, "mine.moods"))
    with serve(tmp_path / "none") as server:
        assert pull("mine.moods", mirrors=[server.address, str(root)]).size
        with pytest.raises(
            ZooError, match=rf"no mirror's registry has 'his\.moods'\. {server.address} has no registry"
        ):
            pull("his.moods", mirrors=[server.address, str(root)])


@pytest.mark.usefixtures("builtin")
def test_a_link_in_the_cache_is_not_followed(root: Path, entry: RegistryEntry, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("text", encoding="utf-8")
    place = Cache(tmp_path / "cache").place(NAME, entry.sha256)
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere)
    begun = tmp_path / "cache" / "unfinished" / NAME / entry.sha256
    begun.mkdir(parents=True)
    (begun / GRAPH_FILE).symlink_to(elsewhere / "precious")
    assert contents(pull(NAME, mirrors=[str(root)]).path) == contents(root / NAME)
    assert contents(elsewhere) == {"precious": b"text"}


@pytest.mark.usefixtures("builtin", "no_sockets")
@pytest.mark.parametrize("by", ["argument", "variable"])
def test_offline_no_socket_is_opened(by: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "variable":
        monkeypatch.setenv("ACCLIMATE_OFFLINE", "1")
    mirrors = ["https://zoo.example", "hf://owner/repo"]
    with pytest.raises(ZooError, match=r"neither in the package nor in the cache .*the network may not be used"):
        pull(NAME, mirrors=mirrors, local_files_only=by == "argument")
    with pytest.raises(ZooError, match=r"no mirror's registry has 'a3d2\.moods'.* has no registry\.json that was read"):
        pull("a3d2.moods", mirrors=mirrors, local_files_only=by == "argument")
    with pytest.raises(ZooError, match=r"hf://owner/repo is not in the cache .*the network may not be used"):
        pull("hf://owner/repo", local_files_only=by == "argument")
    # A folder is there offline, too.
    assert pull(NAME, mirrors=[*mirrors, str(root)], local_files_only=by == "argument").size
    assert pull(NAME, local_files_only=by == "argument").size


def test_offline_says_yes_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCLIMATE_OFFLINE", "perhaps")
    with pytest.raises(ZooError, match="ACCLIMATE_OFFLINE must be 1 or 0, but is 'perhaps'"):
        pull(NAME)


def test_a_mirror_may_have_checkpoints_of_its_own(root: Path, tmp_path: Path) -> None:
    """Its registry pins them, is remembered offline, and sends nobody elsewhere."""
    entry = make_checkpoint(root, "mine.moods")
    elsewhere = tmp_path / "elsewhere"
    write_registry(root, attrs.evolve(entry, mirrors=(str(elsewhere),)))
    with serve(root) as server:
        folder = pull("mine.moods", mirrors=[server.address])
        assert contents(folder.path) == contents(root / "mine.moods")
        assert pull("mine.moods", mirrors=[server.address], local_files_only=True).path == folder.path
        asked = len(server.asked)
        shutil.rmtree(folder.path)
        (root / "mine.moods").rename(root / "gone")
        shutil.copytree(root / "gone", elsewhere / "mine.moods")
        with pytest.raises(ZooError, match=r"mine\.moods came from no mirror"):
            pull("mine.moods", mirrors=[server.address])
        assert len(server.asked) == asked + 2
    assert contents(pull("mine.moods", mirrors=[server.address, str(elsewhere)], local_files_only=True).path)


@pytest.mark.usefixtures("builtin")
def test_no_mirror_changes_what_a_name_of_the_package_is(root: Path, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", seed=1)
    write_registry(tmp_path / "other", other)
    with pytest.raises(ZooError, match=r"config\.json has the SHA-256"):
        pull(NAME, mirrors=[str(tmp_path / "other")])
    assert contents(pull(NAME, mirrors=[str(tmp_path / "other"), str(root)]).path) == contents(root / NAME)


@pytest.mark.usefixtures("builtin")
def test_an_unknown_name_is_one_line(root: Path) -> None:
    with pytest.raises(ZooError, match=r"no checkpoint 'rna-uda\.mood'; did you mean 'rna-uda\.moods', 'rna\.moods'\?"):
        pull("rna-uda.mood")
    (root / "registry.json").write_text("{", encoding="utf-8")
    with pytest.raises(ZooError, match=r"did you mean .*\? no mirror's registry has .*registry\.json") as raised:
        pull("rna-uda.mood", mirrors=[str(root)])
    assert "\n" not in str(raised.value)


def test_a_revision_belongs_to_the_hub() -> None:
    with pytest.raises(ZooError, match="only a checkpoint at hf:// has revisions"):
        pull(NAME, revision="main")
    with pytest.raises(ZooError, match=r"hf://owner/repo@v1 names a revision already, but 'v2' is given"):
        pull("hf://owner/repo@v1", revision="v2")


@pytest.mark.usefixtures("builtin")
def test_a_copy_is_whole_and_takes_nothings_place(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "copy"
    assert pull(NAME, mirrors=[str(root)], out=out).path == out
    assert contents(out) == contents(root / NAME)
    with pytest.raises(ZooError, match="copy is not empty: give another folder"):
        pull(NAME, mirrors=[str(root)], out=out)
    empty = tmp_path / "empty"
    empty.mkdir()
    pull(NAME, out=empty)
    assert contents(empty) == contents(root / NAME)
    assert sorted(path.name for path in out.parent.iterdir()) == ["copy"]


@pytest.mark.usefixtures("builtin")
def test_what_a_killed_copy_left_goes_after_an_hour(root: Path, tmp_path: Path) -> None:
    old, new = tmp_path / ".copy.a.pull", tmp_path / ".copy.b.pull"
    for path in (old, new):
        path.mkdir()
    os.utime(old, (0, 0))
    pull(NAME, mirrors=[str(root)], out=tmp_path / "copy")
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.usefixtures("builtin")
def test_progress_is_shown_on_request_only(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pull(NAME, mirrors=[str(root)])
    assert capsys.readouterr() == ("", "")
    shutil.rmtree(os.environ["ACCLIMATE_CACHE"])
    pull(NAME, mirrors=[str(root)], progress=True)
    shown = capsys.readouterr()
    assert NAME in shown.err
    assert not shown.out


@pytest.mark.usefixtures("builtin")
def test_a_cache_that_cannot_be_made_is_one_line(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(ZooError, match=r"cache cannot be written: (Not a directory|File exists): set ACCLIMATE_CACHE"):
        pull(NAME, mirrors=[str(root)])


@pytest.mark.usefixtures("builtin")
def test_a_full_disk_is_one_line_and_is_not_kept_full(root: Path, tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(ZooError, match=r"cache cannot be written: File too large: set ACCLIMATE_CACHE"):
            pull(NAME, mirrors=[str(root)])
        assert not leftovers(tmp_path / "cache")
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        pull(NAME, mirrors=[str(root)])
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        with pytest.raises(ZooError, match=r"copy: the checkpoint cannot be written: File too large"):
            pull(NAME, out=tmp_path / "copy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*copy*"))


@pytest.mark.usefixtures("builtin")
def test_without_a_home_folder_the_error_names_the_variable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCLIMATE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(ZooError, match="there is no home folder for a cache: set ACCLIMATE_CACHE"):
        pull(NAME, mirrors=[str(root)])


BARE = """
import sys
for name in ("torch", "huggingface_hub", "transformers", "requests"):
    sys.modules[name] = None
from acclimate.zoo.pulling import pull
print(pull("mine.moods", mirrors=[sys.argv[1]]).path)
print(pull("mine.moods", mirrors=[sys.argv[2]], cache_dir=sys.argv[3]).path)
try:
    pull("hf://owner/repo")
except Exception as error:
    print(error)
"""


def test_base_dependencies_are_enough(root: Path, tmp_path: Path) -> None:
    write_registry(root, make_checkpoint(root, "mine.moods"))
    with serve(root) as server:
        command = [sys.executable, "-c", BARE, str(root), server.address, str(tmp_path / "other")]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    first, second, third = ran.stdout.splitlines()
    assert contents(Path(first)) == contents(Path(second)) == contents(root / "mine.moods")
    assert third == 'hf:// needs huggingface_hub: pip install "acclimate[hub]".'
