"""Classes that a recipe names by import path: whether they are trusted, and objects of them. Errors become one line."""

import re
import sys
from argparse import ArgumentError
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

from jsonargparse import ArgumentParser

from ..errors import RecipeError
from ..files.shown_value import shown
from ..files.strict_yaml import MAX_BYTES, YamlRuleError, parse_yaml
from .class_spec import ClassSpec, is_import_path
from .trust import is_part
from .user_packages import note_user_packages

T = TypeVar("T")

TRUSTED: Final = ("acclimate.", "torch.optim.")
"""What a class_path may begin with in a recipe that comes from strangers; `trust.py` says which classes these are."""

NAMING_FILES: Final = ("consensus", "pretrained")
"""Arguments of our parts that name files: labels that models agree on, and pretrained weights."""

_LONGEST_TEXT: Final = 2**12
_LONGEST_LINE: Final = 600


def check_trusted(spec: ClassSpec, trusted: Collection[str], name: str) -> None:
    """Refuse a class, or one that its arguments name, before anything is imported.

    Args:
        spec: the class and its arguments.
        trusted: prefixes, one of which every import path must have. Those of `TRUSTED` stand for `is_part` alone.
        name: what to call it in errors.

    Raises:
        RecipeError: naming the first import path that is not trusted.
    """
    check_trusted_arguments({"class_path": spec.class_path, "init_args": spec.init_args}, trusted, name)


def check_trusted_arguments(arguments: object, trusted: Collection[str], name: str) -> None:
    """As `check_trusted`, of arguments whose class is named elsewhere.

    Raises:
        RecipeError: naming the first import path that is not trusted.
    """
    try:
        _check_paths(arguments, trusted)
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"{name}: arguments are nested too deeply") from error


def check_no_files(spec: ClassSpec, name: str, arguments: Collection[str] = NAMING_FILES) -> None:
    """Refuse arguments that name files, which would be read from the disk or fetched.

    Args:
        spec: the class and its arguments.
        name: what to call it in errors.
        arguments: which ones must name none.

    Raises:
        RecipeError: if there are any.
    """
    try:
        found = list(_items(spec.init_args, _load_bounded))
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    for key, value in found:
        if key in arguments and value is not None and value is not False:
            raise RecipeError(f"{name}: {key} must be null where weights come from strangers, but got {shown(value)}")


def _check_paths(arguments: object, trusted: Collection[str]) -> None:
    for path in _import_paths(arguments, _load_bounded):
        prefixes = [prefix for prefix in trusted if path.startswith(prefix)]
        if not prefixes:
            raise ValueError(
                f"to be trusted, a class_path must begin with one of {', '.join(trusted)}, but got {path[:99]!r}"
            )
        if set(prefixes) <= set(TRUSTED) and not is_part(path):
            raise ValueError(
                "to be trusted, a class_path must name a class in acclimate.adapters, acclimate.framework.encoders or "
                f"acclimate.framework.validators, or an optimiser of torch.optim, but got {path[:99]!r}"
            )


def instantiate(expected: Callable[..., T], spec: ClassSpec, name: str) -> T:
    """Make an object from a `class_path` and its `init_args`.

    Args:
        expected: class that it must be of.
        spec: names the class and its arguments.
        name: what to call it in errors.

    Raises:
        RecipeError: one line that names the class or argument that is wrong.
    """
    made: T = _parse(expected, spec, name)
    return made


def instantiate_later(expected: Callable[..., T], argument: object, spec: ClassSpec, name: str) -> Callable[[Any], T]:
    """As `instantiate`, but the object is made when its first argument, of a type known now, is given.

    Raises:
        RecipeError: one line that names the class or argument that is wrong.
    """
    make: Callable[[Any], T] = _parse(Callable[[argument], expected], spec, name)
    return make


def import_class(spec: ClassSpec, name: str) -> type:
    """Import the class that a spec names.

    Raises:
        RecipeError: if there is no such class.
    """
    _look_here(spec, name)
    module, _, attribute = spec.class_path.rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise RecipeError(f"{name}: no class {spec.class_path!r}: {error}") from error
    if not isinstance(found, type):
        raise RecipeError(f"{name}: {spec.class_path} must be a class, but is none")
    return found


def _look_here(spec: ClassSpec, name: str) -> None:
    """Let modules of the user's own be found in the current folder, as they are by a script that lies there.

    A program that is installed, such as `acclimate`, looks for modules where it lies itself. The folder comes last, so
    that nothing in it takes the place of what is installed, and only for a module that is named and lies there.
    """
    if not is_import_path(spec.class_path):
        raise RecipeError(f"{name}: class_path must be an import path, but got {shown(spec.class_path)}")
    try:
        paths = (spec.class_path, *_import_paths(spec.init_args))
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"{name}: arguments are nested too deeply") from error
    note_user_packages(paths)
    for path in paths:
        package, dot, _ = path.partition(".")
        if _is_installed(package):
            continue
        if _lies_here(package):
            sys.path.append(str(Path.cwd()))
        elif dot and path == spec.class_path:
            raise RecipeError(
                f"{name}: {path}: No module named {package!r}: it must be installed, or lie in the current folder"
            )


def _load(text: str) -> Any:  # noqa: ANN401 - YAML may hold anything
    """What YAML makes of a text; the text itself, where that is no YAML.

    jsonargparse reads it once more, by less strict rules: what breaks ours must not be taken for a text.

    Raises:
        YamlRuleError: if it breaks a rule, and is more than one plain word.
    """
    try:
        return parse_yaml(text)
    except YamlRuleError as error:
        # Of a date and the like, no class can come.
        if error.is_plain or len(text) > MAX_BYTES:
            return text
        raise YamlRuleError(f"a string among the arguments, {text[:60]!r}: {error}") from error
    except ValueError:
        return text


def _load_bounded(text: str) -> Any:  # noqa: ANN401 - YAML may hold anything
    """As `_load`, of what strangers wrote."""
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a string among the arguments may have {_LONGEST_TEXT} characters, but has {len(text)}")
    return _load(text)


def _import_paths(value: object, load: Callable[[str], Any] = _load) -> Iterator[str]:
    """All that jsonargparse might import: where a class or callable fits, it takes its path, and YAML in a string."""
    for key, item in _items(value, load):
        if key == "class_path":
            yield str(item)
        elif isinstance(item, str) and re.fullmatch(r"\w+(\.\w+)+", item) and _is_importable(item.partition(".")[0]):
            yield item


def _items(value: object, load: Callable[[str], Any], key: str = "") -> Iterator[tuple[str, object]]:
    """All values at any depth, in texts that hold YAML too, with their keys."""
    yield key, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            # jsonargparse takes a dotted key for several inside each other.
            yield from _items(item, load, str(name).rpartition(".")[2])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _items(item, load)
    elif isinstance(value, str):
        inner = load(value)
        # Quotes in quotes, and spaces around a path, go one by one.
        if inner != value:
            yield from _items(inner, load)


def _is_importable(package: str) -> bool:
    return _is_installed(package) or _lies_here(package)


def _lies_here(package: str) -> bool:
    try:
        return Path(f"{package}.py").is_file() or Path(package).is_dir()
    except (OSError, ValueError):
        # No file can have that name.
        return False


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:
        # A module that was not imported from a file, such as __main__.
        return True


def _parse(expected: object, spec: ClassSpec, name: str) -> Any:  # noqa: ANN401
    _look_here(spec, name)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--it", type=expected)
    # A copy: jsonargparse writes into what it is given.
    given = {"class_path": spec.class_path, "init_args": deepcopy(spec.init_args)}
    try:
        return parser.instantiate(parser.parse_object({"it": given})).it
    except (ArgumentError, AttributeError, ImportError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise RecipeError(f"{name}: {_one_line(str(error))}") from error


def _one_line(message: str) -> str:
    """Jsonargparse indents causes under each other; join them, without our own made-up key."""
    message = re.sub(r"Parser key \"it\":", "", message)
    message = re.sub(r"Parser key \"([^\"]*)\":", r"\1:", message)
    message = re.sub(r"Problem with given class_path '([^']*)':", r"\1:", message)
    line = re.sub(r"\s+", " ", message).strip()
    # It shows values whole, however long.
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..."
