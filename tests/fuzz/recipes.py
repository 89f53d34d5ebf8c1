"""Mutated recipes and settings: `[NUMBER [SEED]]`. Each is read, or refused in one line."""

import json
import sys
import tempfile
from importlib import resources
from pathlib import Path
from random import Random
from typing import Final

import yaml
from acclimate.framework import Builder, RecipeError, read_recipe
from acclimate.framework.commands.options import read_settings
from acclimate.framework.recipes.class_paths import TRUSTED, check_no_files, check_trusted, import_class
from acclimate.framework.recipes.recipe import Recipe
from acclimate.framework.recipes.recipe_files import override_recipe
from acclimate.framework.testing import make_schema

# Beside this file, for tests and for a script alike.
sys.path.append(str(Path(__file__).parents[1]))
from fuzz.campaign import print_campaign
from fuzz.hostile_values import mutate, scramble

WORDS: Final = (
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!int ",
    b"!!python/object/apply:os.system [ls]",
    b"? ",
    b"- ",
    b"{[a]: b}",
    b"[" * 2000,
    b"{a: " * 500,
    b"  ",
    b"\t",
    b"\n---\n",
    b"\n...\n",
    b"%YAML 9.9\n",
    b"2020-13-45",
    b"1:30",
    b"0x_",
    b".nan",
    b"-.inf",
    b"9" * 5000,
    b"\x00",
    b"\xff",
    b'"\\ud800"',
    b'"\\UFFFFFFFF"',
    b"|\n",
    b">-\n ",
    b"'",
    b'"',
    b"# ",
    b"[&b0 [x,x,x,x], &b1 [*b0,*b0,*b0], *b1]",
    b"class_path: ..x\n",
    b"extends: rna-uda\n",
)

KEYS: Final = (
    "stages.\u00b2.epochs",
    "stages.-1.epochs",
    "stages.0.epochs",
    "stages.99999999999999999999.x",
    "a..b",
    ".",
    "",
    "name",
    "aligners.rna.init_args.x",
    "aligners.rna",
    "training.batch_size",
    "training.optimizer.init_args.lr",
    "model.fusion.class_path",
    "data.preprocessing.text.kind",
    "selection.score",
    "a." * 100 + "b",
)

SCHEMA: Final = make_schema()

_OURS: Final = resources.files("acclimate.adapters") / "recipes"
BASES: Final = [path.read_bytes() for path in sorted(_OURS.iterdir(), key=str) if path.name.endswith(".yaml")]
DOCUMENTS: Final = [yaml.safe_load(base) for base in BASES]


def attempt(random: Random) -> str:
    """Read a mutated recipe as `adapt` does, up to where its classes would be made."""
    number = random.randrange(len(BASES))
    if random.random() < 0.5:
        content = scramble(BASES[number], random, WORDS)
    else:
        document = mutate(DOCUMENTS[number], random, random.randrange(1, 4))
        content = random.choice([_to_yaml, json.dumps])(document).encode("utf-8", "surrogatepass")
    settings = []
    if random.random() < 0.3:
        value = random.choice([word.decode("utf-8", "surrogateescape") for word in WORDS])
        settings = [random.choice(KEYS) + random.choice(["=", "=", "=", ""]) + random.choice(["3", value])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "theirs.yaml"
        path.write_bytes(content)
        recipe = read_recipe(path, read_settings(settings))
    return _build(recipe) if random.random() < 0.05 else _look(recipe)


def _build(recipe: Recipe) -> str:
    Builder(recipe, trusted=TRUSTED).build(SCHEMA)
    return "read, and built"


def _to_yaml(document: object) -> str:
    # In C it is ten times as fast, where it was compiled, but knows no halves of characters.
    try:
        text: str = yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
    except UnicodeEncodeError:
        text = json.dumps(document)
    return text


def _look(recipe: Recipe) -> str:
    assert json.loads(json.dumps(override_recipe(recipe, {}).to_config()))
    kind = "read"
    for key, spec in recipe.class_specs():
        try:
            check_trusted(spec, TRUSTED, key)
            check_no_files(spec, key)
            import_class(spec, key)
        except RecipeError:
            kind = "read, and a class of it refused"
    return kind


# Libraries are imported before anything is measured.
_look(read_recipe("rna-uda"))

if __name__ == "__main__":
    print_campaign(attempt, *sys.argv[1:])
