"""Checkpoints go to the hub and come back; no hub can be reached from the tests, so they have one of their own."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from acclimate.framework.errors import ZooError
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.folder import CheckpointFolder, open_folder
from acclimate.zoo.mirrors.hub_mirror import HubLocation
from acclimate.zoo.mirrors.hub_push import push_folder
from acclimate.zoo.names import GRAPH_FILE
from acclimate.zoo.pulling import pull

from .fake_hub import Hub, serve_hub
from .small_checkpoint import NAME, make_checkpoint, write_registry

# huggingface_hub 2.4 warns of how it uploads large files itself.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKEN = "hf_secret"  # noqa: S105 - of nobody
REPO = "someone/moods"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """As HF_ENDPOINT says to huggingface_hub when it is imported."""
    monkeypatch.setenv("ACCLIMATE_CACHE", str(tmp_path / "cache"))
    for name in ("ACCLIMATE_OFFLINE", "ACCLIMATE_ZOO_MIRRORS", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    constants = huggingface_hub.constants
    with serve_hub(tmp_path / "store", TOKEN) as hub:
        template = f"{hub.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    """A checkpoint to be pushed."""
    make_checkpoint(tmp_path / "made")
    return open_folder(tmp_path / "made" / NAME)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_pushed_comes_back_by_its_commit(folder: CheckpointFolder, hub: Hub) -> None:
    pushed = push_folder(folder, REPO, token=TOKEN, commit_message="Give moods")
    repository = hub.repositories[REPO]
    assert pushed == f"hf://{REPO}@{repository.branches['main']}"
    assert repository.messages == ["initial commit", "Give moods"]
    back = pull(f"hf://{REPO}")
    assert contents(back.path) == contents(folder.path)
    # .gitattributes stays on the hub.
    assert not any(asked.path.endswith("gitattributes") for asked in hub.asked)
    newer = make_checkpoint(folder.path.parents[1] / "newer", seed=1)
    push_folder(open_folder(folder.path.parents[1] / "newer" / NAME), REPO, token=TOKEN)
    assert repository.messages[-1] == f"Upload {NAME}"
    assert pull(f"hf://{REPO}").hashes[GRAPH_FILE] == newer.files[GRAPH_FILE].sha256
    assert (
        contents(pull(pushed).path) == contents(pull(f"hf://{REPO}", revision=pushed[-40:]).path) == contents(back.path)
    )


def test_a_commit_that_was_pulled_needs_no_hub(folder: CheckpointFolder, hub: Hub) -> None:
    pushed = push_folder(folder, REPO, token=TOKEN)
    first = pull(pushed)
    asked = len(hub.asked)
    assert pull(pushed).path == first.path
    assert len(hub.asked) == asked
    with pytest.raises(ZooError, match=r"hf://someone/moods is not in the cache"):
        pull(f"hf://{REPO}", local_files_only=True)
    pull(f"hf://{REPO}")
    assert pull(f"hf://{REPO}", local_files_only=True).path == first.path


@pytest.mark.parametrize("revision", ["main", ""])
def test_a_damaged_copy_is_fetched_anew_and_refused_offline(folder: CheckpointFolder, hub: Hub, revision: str) -> None:
    pushed = push_folder(folder, REPO, token=TOKEN)
    location = f"hf://{REPO}@{revision}" if revision else pushed
    (pull(location).path / GRAPH_FILE).write_bytes(b"!")
    asked = len(hub.asked)
    with pytest.raises(ZooError, match=r"model\.onnx is damaged or was altered"):
        pull(location, local_files_only=True)
    assert len(hub.asked) == asked
    assert contents(pull(location).path) == contents(folder.path)


def test_a_checkpoint_that_lacks_a_file_is_none(folder: CheckpointFolder, hub: Hub) -> None:
    push_folder(folder, REPO, token=TOKEN)
    repository = hub.repositories[REPO]
    del repository.commits[repository.branches["main"]][GRAPH_FILE]
    with pytest.raises(ZooError, match=r"is no checkpoint of acclimate: it has no model\.onnx"):
        pull(f"hf://{REPO}")


def test_a_private_repository_wants_the_token_and_no_other_host_sees_it(
    folder: CheckpointFolder, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_folder(folder, REPO, token=TOKEN, private=True)
    with pytest.raises(ZooError, match="hf://someone/moods: RepositoryNotFoundError") as raised:
        pull(f"hf://{REPO}")
    assert "\n" not in str(raised.value)
    pull(f"hf://{REPO}", token=TOKEN)
    assert hub.store.asked
    assert not any("authorization" in asked.headers for asked in hub.store.asked)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("ACCLIMATE_CACHE", str(folder.path.parents[1] / "other"))
    assert contents(pull(f"hf://{REPO}").path) == contents(folder.path)


def test_a_branch_and_a_folder_of_a_repository(folder: CheckpointFolder, hub: Hub) -> None:
    pushed = push_folder(folder, f"hf://{REPO}/night/one", token=TOKEN, revision="trial/1")
    assert set(hub.repositories[REPO].branches) == {"main", "trial/1"}
    assert pushed.endswith("/night/one")
    for location in (pushed, f"hf://{REPO}@trial%2F1/night/one"):
        assert contents(pull(location).path) == contents(folder.path)
    with pytest.raises(ZooError, match="is no checkpoint of acclimate: it has no SHA256SUMS"):
        pull(f"hf://{REPO}")


def test_a_repository_may_be_a_mirror(folder: CheckpointFolder, hub: Hub, tmp_path: Path) -> None:
    entry = make_checkpoint(tmp_path / "mirror", "mine.moods")
    write_registry(tmp_path / "mirror", entry)
    paths = [path for path in (tmp_path / "mirror").rglob("*") if path.is_file()]
    files = {path.relative_to(tmp_path / "mirror").as_posix(): path.read_bytes() for path in paths}
    push_folder(folder, REPO, token=TOKEN)
    hub.repositories[REPO].commit("main", files, "Add a mirror")
    back = pull("mine.moods", mirrors=[f"hf://{REPO}@main"])
    assert contents(back.path) == contents(tmp_path / "mirror" / "mine.moods")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({GRAPH_FILE: b"!" * 50_000}, r"model\.onnx has the SHA-256"),
        ({"SHA256SUMS": b"x"}, r"SHA256SUMS, line 1: expected a SHA-256"),
        ({"SHA256SUMS": b"x" * 5000}, r"SHA256SUMS may have 4096 bytes at most"),
        ({"README.md": b"x" * (2**20 + 1)}, r"README\.md may have 1048576 bytes at most, but has 1048577"),
    ],
)
def test_a_repository_that_does_not_keep_its_word_is_refused(
    change: dict[str, bytes], message: str, folder: CheckpointFolder, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acclimate.zoo.mirrors.download._FIRST_PAUSE", 0.001)
    push_folder(folder, REPO, token=TOKEN)
    hub.repositories[REPO].commit("main", change, "Spoil it")
    for content in change.values():
        (hub.store.root / hashlib.sha256(content).hexdigest()).write_bytes(content)
    with pytest.raises(ZooError, match=message):
        pull(f"hf://{REPO}")


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("revision", ["none", "0" * 40])
def test_what_is_not_there_is_one_line(revision: str, folder: CheckpointFolder) -> None:
    with pytest.raises(ZooError, match=r"hf://someone/none.*RepositoryNotFoundError"):
        pull("hf://someone/none", revision=revision)
    push_folder(folder, REPO, token=TOKEN)
    with pytest.raises(ZooError, match=r"hf://someone/moods.*RevisionNotFoundError") as raised:
        pull(f"hf://{REPO}", revision=revision)
    assert "\n" not in str(raised.value)
    with pytest.raises(ZooError, match=r"hf://someone/moods: HfHubHTTPError: Invalid username or password"):
        push_folder(folder, REPO, token="hf_wrong")  # noqa: S106


def test_nothing_is_pushed_offline(folder: CheckpointFolder, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCLIMATE_OFFLINE", "1")
    with pytest.raises(ZooError, match="nothing can be pushed while ACCLIMATE_OFFLINE is set"):
        push_folder(folder, REPO, token=TOKEN)
    assert not hub.asked


@pytest.mark.usefixtures("hub")
def test_a_model_goes_to_the_hub_and_comes_back(adapted: AdaptedModel) -> None:
    pushed = adapted.push_to_hub(REPO, token=TOKEN)
    assert AdaptedModel.from_pretrained(pushed).config == adapted.config
    where = HubLocation.parse(pushed)
    assert AdaptedModel.from_pretrained(f"hf://{where.repo}", revision=where.revision).metrics == adapted.metrics


PULL = "import sys; from acclimate.zoo import pull; print(pull(sys.argv[1]).path)"


def test_the_variables_of_huggingface_hub_count(folder: CheckpointFolder, hub: Hub, tmp_path: Path) -> None:
    push_folder(folder, REPO, token=TOKEN, private=True)
    command = [sys.executable, "-c", PULL, f"hf://{REPO}"]
    known = {**os.environ, "HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
    found = subprocess.run(command, env=known, check=True, capture_output=True, text=True).stdout.strip()
    assert contents(Path(found)) == contents(folder.path)
    asked = len(hub.asked)
    offline = {**known, "HF_HUB_OFFLINE": "1"}
    assert subprocess.run(command, env=offline, check=True, capture_output=True, text=True).stdout.strip() == found
    assert len(hub.asked) == asked
