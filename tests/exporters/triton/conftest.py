"""One model as an artefact of every form, exported once a run."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from acclimate.exporters.artefact import Form

from .artefacts import make_artefact, make_small, remake


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Mapping[Form, Path]:
    """Folders called as their form."""
    folder = tmp_path_factory.mktemp("triton")
    split = make_artefact(folder / "split")
    return {form: remake(split, folder / form, form) for form in ("mask", "branch")} | {"split": split}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Path:
    """One modality, in the form split."""
    return make_small(tmp_path_factory.mktemp("small") / "answer")
