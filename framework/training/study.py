"""Before a round of training, a selector studies the whole target, and says what the round trains on."""

import torch

from ..batch import unlabelled
from ..errors import RunError
from ..interfaces import TeacherSelector
from ..method import Method
from ..recipes.recipe import Stage
from .domains import Domains
from .exchange import share, share_buffers
from .monitor import survey


def study(method: Method, stage: Stage, domains: Domains, device: torch.device, name: str) -> list[int] | None:
    """Positions of the target's samples that a round trains on; None means all.

    Args:
        method: whose selector studies.
        stage: that the round belongs to.
        domains: whose target it is.
        device: that the method is on.
        name: of the recipe, for errors.

    Raises:
        RunError: if the stage has no source, and no sample of the target is kept.
        ValueError: if the selector answers with something else than a flag for each sample.
    """
    selector, target = method.selector, domains.target_in_order
    if target is None or not stage.target or selector is None or type(selector).study is TeacherSelector.study:
        return None
    with torch.no_grad():
        kept = selector.study(survey(method, unlabelled(target), "target", device))
    share_buffers(method)
    if kept is None:
        return None
    if kept.shape != (target.size,):
        raise ValueError(f"study must return a flag for each of {target.size} samples, but got {tuple(kept.shape)}.")
    rows: list[int] = share(kept.to(device)).nonzero().flatten().tolist()
    if not rows and not stage.source:
        raise RunError(f"{name}: stage {stage.name!r} has no source, and its selector keeps no sample")
    return rows
