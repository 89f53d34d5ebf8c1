"""Modules that parts of methods share, bound, by the name that they look for."""

from collections.abc import Mapping

from acclimate.adapters.class_encoder import ClassEncoder
from acclimate.framework.layout import Layout
from torch import nn


def class_encoder(layout: Layout) -> Mapping[str, nn.Module]:
    """What MODfinity's parts share."""
    classes = ClassEncoder()
    classes.bind(layout, {})
    return {"classes": classes}
