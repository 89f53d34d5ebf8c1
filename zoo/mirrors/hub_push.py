"""Put a checkpoint into a repository of the Hugging Face hub."""

from ...framework.errors import ZooError
from ..folder import CheckpointFolder
from ..names import HASHES_FILE
from ..offline import is_offline
from .hub_mirror import SCHEME, HubLocation, explained, import_hub


def push_folder(
    folder: CheckpointFolder,
    repo: str,
    *,
    token: str | None = None,
    private: bool | None = None,
    commit_message: str | None = None,
    revision: str | None = None,
) -> str:
    """Upload the six files in one commit; the repository is made if it is not there.

    Args:
        folder: that was checked.
        repo: `owner/repo`, or `hf://owner/repo[/path]` for a folder of it.
        token: None for the one that huggingface_hub knows.
        private: whether a new repository is; None leaves it to the hub.
        commit_message: None names the folder.
        revision: the branch; None means the main one.

    Returns:
        `hf://owner/repo@commit[/path]`, which names these files for ever.

    Raises:
        ZooError: if the hub cannot be reached, refuses, or huggingface_hub is not installed.
    """
    where = HubLocation.parse(repo if repo.startswith(SCHEME) else f"{SCHEME}{repo}").at(revision)
    if is_offline():
        raise ZooError(f"{where}: nothing can be pushed while ACCLIMATE_OFFLINE is set.")
    api = import_hub().HfApi(token=token)
    with explained(str(where)):
        api.create_repo(where.repo, private=private, exist_ok=True)
        if where.revision is not None:
            api.create_branch(where.repo, branch=where.revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=where.repo,
            folder_path=folder.path,
            path_in_repo=where.path or None,
            allow_patterns=[*folder.hashes, HASHES_FILE],
            commit_message=commit_message or f"Upload {folder.path.name}",
            revision=where.revision,
        )
    return str(HubLocation(where.repo, commit.oid, where.path))
