"""Errors that a user can cause. The command line prints them as one line."""


class AcclimateError(Exception):
    """Base of all errors that name a thing, the rule it breaks and the value found."""


class DataError(AcclimateError, ValueError):
    """A table, a file or a sample breaks a rule."""


class RecipeError(AcclimateError, ValueError):
    """A recipe, or what was built from it, does not fit together."""


class RunError(AcclimateError, RuntimeError):
    """A run folder or a checkpoint cannot be used as asked."""


class WorkerError(AcclimateError, RuntimeError):
    """A process that reads samples ahead has died."""


class ExportError(AcclimateError, RuntimeError):
    """An artefact cannot be written, does not agree with its model, or cannot be loaded."""


class ZooError(AcclimateError, RuntimeError):
    """A checkpoint of the zoo cannot be found, fetched or trusted."""
