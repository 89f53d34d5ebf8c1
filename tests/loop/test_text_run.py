"""Text, the whole road: a pretrained model and its tokenizer, a run, and an artefact that needs neither's files."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acclimate.exporters import Session
from acclimate.framework import RecipeError, load_run, read_recipe
from acclimate.framework.data import TextPreprocessing, read_table
from acclimate.framework.encoders import TextCNN, TransformerText
from acclimate.framework.encoders.pretrained import load_transformer
from acclimate.framework.experiments.experiment import Experiment

from acclimate.__main__ import main

GOOD, BAD = ("a fine day", "what a lovely fine room", "fine , lovely"), ("a sad day", "what a gloomy sad room", "sad !")
WORDS = ("a", "fine", "day", "what", "lovely", "room", ",", "sad", "gloomy", "!")
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *(f"unheard{number}" for number in range(25)))
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 32,
    "vocab_size": len(PIECES),
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two domains of opinions; in every fourth row nothing is said."""
    rows = []
    for domain in ("here", "there"):
        for number in range(24):
            text = (GOOD, BAD)[number % 2][number // 2 % 3]
            np.save(tmp_path / f"{domain}{number}.npy", np.array([number % 2 + 0.1 * number, 1.0]))
            rows.append(
                {
                    "id": f"{domain}{number}",
                    "domain": domain,
                    "split": "validation" if domain == "here" and number > 17 else "train",
                    "label": ("good", "bad")[number % 2],
                    "said": text if number % 4 else "",
                    "sound": f"{domain}{number}.npy",
                }
            )
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as a hub has it."""
    folder = tmp_path / "model"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made: Any = load_transformer(None, CONFIG)[0]
    made.save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    return folder


def settings(model: Path, **changes: object) -> dict[str, object]:
    encoder = {
        "class_path": "acclimate.framework.encoders.TransformerText",
        "init_args": {"pretrained": str(model), "trainable_layers": 1},
    }
    short = {"stages.0.epochs": 1, "training.batch_size": 8}
    return {"model.encoders.text": encoder, "data.preprocessing.text.tokenizer": str(model), **short, **changes}


@pytest.mark.usefixtures("exports")
def test_a_run_and_its_artefact_outlive_the_files_they_came_from(
    table: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [f"--set={key}={json.dumps(value)}" for key, value in settings(model).items()]
    data = ["--data", str(table), "--source", "here", "--target", "there"]
    main(["adapt", "rna-uda", *data, "--out", str(tmp_path / "run"), "--reference", "none", "--device=cpu", *arguments])
    shutil.rmtree(model)
    method, schema, _ = load_run(tmp_path / "run")
    encoder, preprocessing = method.model.encoders["said"], schema.preprocessing["said"]
    assert isinstance(encoder, TransformerText)
    assert isinstance(preprocessing, TextPreprocessing)
    assert preprocessing.vocabulary.size == len(PIECES)
    assert not any(weights.requires_grad for weights in encoder.lower.parameters())
    main(["export", str(tmp_path / "run")])
    session = Session(tmp_path / "run" / "artefact")
    assert session.config.inputs == ("said", "sound", "present", "said_length")
    (tmp_path / "note.txt").write_text("a fine day")
    said, read, other = (
        session.predict({"said": source}).probabilities["label"]
        for source in ("a fine day", tmp_path / "note.txt", "a sad day")
    )
    assert said == read != other
    capsys.readouterr()
    main(["predict", str(tmp_path / "run" / "artefact"), "--said", "a fine day", str(tmp_path / "note.txt"), "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["probabilities"]["label"] for line in lines] == [said, said]
    sentence = session.predict({"said": "I deleted notes.txt"}).probabilities["label"]
    for words in (["--said", "I deleted notes.txt"], ["--input-text", "said=I deleted notes.txt"]):
        main(["predict", str(tmp_path / "run" / "artefact"), *words, "--json"])
        assert json.loads(capsys.readouterr().out)["probabilities"]["label"] == sentence


def test_text_without_a_model_is_encoded_by_words_of_its_own(table: Path) -> None:
    experiment = Experiment(read_recipe("source-only"), read_table(table), "here", "there")
    schema, domains = experiment.open()
    method = experiment.build(experiment.recipe, schema, domains)
    assert isinstance(method.model.encoders["said"], TextCNN)


def test_a_model_without_its_tokenizer_is_refused(table: Path, model: Path) -> None:
    recipe = read_recipe("source-only", settings(model, **{"data.preprocessing.text": None}))
    experiment = Experiment(recipe, read_table(table), "here", "there")
    schema, domains = experiment.open()
    message = r"model.encoders.text: the model knows 40 tokens, but the preprocessing has \d+: give it the model's own"
    with pytest.raises(RecipeError, match=message):
        experiment.build(recipe, schema, domains)
