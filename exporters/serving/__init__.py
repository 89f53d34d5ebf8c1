"""An artefact behind KServe's server: the open inference protocol over HTTP and gRPC.

KServe is imported by `model.ServedArtefact`, and when a server is started.
"""

from ...framework._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
