"""Checks the annotations of signatures while tests run: beartype, told what jaxtyping's import hook hides from it."""

from typing import Any, Self

import attrs
from beartype import BeartypeConf, FrozenDict, beartype

# The hook decorates methods one by one, so beartype does not see the class that Self means; attrs' protocol is for
# static checkers only.
check = beartype(conf=BeartypeConf(hint_overrides=FrozenDict({Self: Any, attrs.AttrsInstance: object})))
