"""The page of a run: its numbers are those of evaluation, and what used labels of the target is marked."""

import json
import re
from collections import Counter
from pathlib import Path

from acclimate.framework import load_run, read_recipe
from acclimate.framework.data import Samples, read_table
from acclimate.framework.evaluation.subsets import drop_table, evaluate
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.layout import JOINT
from acclimate.framework.report.finished_run import read_run
from acclimate.framework.report.rows import choose_rows
from acclimate.framework.training.run_options import RunOptions
from acclimate.framework.training.torch_predictor import TorchPredictor

from acclimate.__main__ import main

from .conftest import EPOCHS, rewrite
from .reading import oracle_titles, read_pictures, read_tables, texts


def write_page(run: Path, out: Path, *arguments: str) -> Path:
    assert main(["report", str(run), "--out", str(out), *arguments]) == 0
    return out


def test_scores_are_those_of_evaluation(run: Path, page: Path, table_path: Path) -> None:
    method, schema, _ = load_run(run)
    tables = read_tables(page)
    for number, side in enumerate(("source", "target")):
        rows = read_table(table_path).select({"source": "here", "target": "there"}[side], "test")
        samples = Samples(rows, schema, labelled=True)
        predict = TorchPredictor(method.model, domain_side=side)
        heads, scores = tables["Scores"][number]
        expected = evaluate(predict, samples).tasks["label"]
        assert scores.keys() == {"fused", "audio", "video"}
        for name, cells in scores.items():
            assert cells[heads.index("accuracy")] == f"{expected[JOINT if name == 'fused' else name].accuracy:.3f}"
        drops = tables["With modalities dropped"][number][1]
        assert drops.keys() == {"audio + video", "audio", "video"}
        for row in drop_table(predict, samples).tasks["label"].values():
            cells = drops[row.name.replace("+", " + ")]
            assert row.scores is not None
            assert (cells[0], cells[2]) == (f"{row.scores.main:.3f}", str(row.excluded))
    assert any(cells[2] != "0" for cells in drops.values())


def test_it_says_what_was_run_and_how_the_epoch_was_chosen(run: Path, page: Path) -> None:
    (_, facts), (_, scores) = read_tables(page)["What was run"]
    best = json.loads((run / "summary.json").read_text())["best"]
    assert facts["Recipe"] == ["boomda"]
    assert facts["Source, with labels"][0].startswith("here (")
    assert facts["Target"][0].endswith("training rows, without labels)")
    assert facts["Seed"] == ["0"]
    assert facts["Selected epoch"][0].startswith(f"{best['epoch'] + 1} of {EPOCHS}: the highest modality agreement")
    assert facts["This page, target"] == ["12 rows of there, split test"]
    assert scores["modality agreement"][0] == f"{best['target']['modality_agreement']:.3f}"
    assert len(scores["modality agreement"]) == 2


def test_every_picture_is_there_and_follows_the_page(page: Path) -> None:
    pictures = read_pictures(page)
    kinds = Counter(re.split(r" of | over ", words)[0] for words in pictures)
    assert kinds["Confusion matrix"] == 6
    assert kinds["t-SNE"] == 12
    shown = " ".join(pictures)
    for curve in ("total", "source accuracy", "alignment/balance", "accuracy of label", "pseudo-labels of label"):
        assert f"{curve} over epochs" in shown
    for words, svg in pictures.items():
        assert "var(--" in svg, words
        assert not re.search(r"(fill|stroke): #(?!ffffff)", svg), words
        assert "<path" in svg or "<image" in svg, words


def test_a_confusion_matrix_counts_every_sample_that_has_the_modality(page: Path, table_path: Path) -> None:
    rows = read_table(table_path).select("there", "test").rows
    having = sum("audio" in row.present for row in rows)
    assert having < len(rows)
    (matrix,) = [
        svg
        for words, svg in read_pictures(page).items()
        if words.startswith("Confusion matrix of label by audio on the t")
    ]
    assert sum(int(text) for text in texts(matrix) if text.isdigit()) == having


def test_what_used_target_labels_is_marked(page: Path) -> None:
    marked = Counter(oracle_titles(page))
    assert marked == {
        "Accuracy on the target": 1,
        "Target": 2,
        "fused": 1,
        "audio": 1,
        "video": 1,
        "target, by label": 3,
        "Feature norms, label": 1,
        "accuracy of label": 1,
        "pseudo-labels of label": 1,
    }


def test_without_target_labels_nothing_is_oracle_and_labels_not_asked_for_change_nothing(
    run: Path, table_path: Path, tmp_path: Path
) -> None:
    bare = rewrite(table_path, "bare.csv", lambda _, row: row | ({"label": ""} if row["domain"] == "there" else {}))
    page = write_page(run, tmp_path / "bare.html", "--data", str(bare))
    assert oracle_titles(page) == []
    assert "The target is not scored: 12 of its 12 rows have no label." in page.read_text()
    assert len(read_tables(page)["Scores"]) == 1
    assert not any("pseudo-labels" in words for words in read_pictures(page))
    labelled = write_page(run, tmp_path / "labelled.html", "--no-oracle").read_text()
    assert "The target is not scored: its labels were not asked for." in labelled
    texts = [re.sub(r"not scored: [^.]*|; this report opened [^<]*", "", text) for text in (page.read_text(), labelled)]
    assert texts[0] == texts[1]


def test_it_needs_no_network(page: Path) -> None:
    text = page.read_text()
    addresses = re.findall(r"""(?:src|href|action|srcset)\s*=\s*["']([^"']*)""", text) + re.findall(
        r"url\((.*?)\)", text
    )
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "<script" not in text
    assert "@import" not in text
    assert """Content-Security-Policy" content="default-src 'none'; img-src data:;""" in text
    for svg in read_pictures(page).values():
        inner = re.findall(r"""(?:href|src)\s*=\s*["']([^"']*)""", svg)
        assert all(address.startswith(("#", "data:")) for address in inner)


def test_names_are_text_wherever_they_stand_and_no_target_is_needed(table_path: Path, tmp_path: Path) -> None:
    """Whatever classes and domains are called; two dollar signs are not mathematics."""
    names = {"cut": "<b>&amp;", "stir": 'a "quote"', "wash": "$x_1$"}
    table = rewrite(
        table_path,
        "odd.csv",
        lambda _, row: row | {"label": names[row["label"]], "domain": f"<i>{row['domain']}</i>"},
    )
    recipe = read_recipe("rna-dg", {"stages.0.epochs": 1, "training.batch_size": 8})
    experiment = Experiment(recipe, read_table(table), ("<i>here</i>",), name=str(table))
    adapt_table(experiment, tmp_path / "run")
    page = write_page(tmp_path / "run", tmp_path / "page.html")
    text = page.read_text()
    assert "<b>" not in text
    assert "<i>here" not in text
    assert "<li><i style" in text
    tables = read_tables(page)
    assert tables["What was run"][0][1]["Target"] == ["none"]
    assert "the source's validation rows" in tables["What was run"][0][1]["Selected epoch"][0]
    assert len(tables["Scores"]) == 1
    assert oracle_titles(page) == []
    ((_, norms),) = tables["Features"]
    assert norms.keys() == {"all rows", *names.values()}
    matrices = [texts(svg) for words, svg in read_pictures(page).items() if words.startswith("Confusion")]
    assert all(set(names.values()) <= set(found) for found in matrices)


def test_rows_are_chosen_where_there_is_no_test_split(table_path: Path, tmp_path: Path) -> None:
    """Several sources, several tasks, one of them a regression."""
    table = rewrite(table_path, "tasks.csv", _give_tasks)
    recipe = read_recipe("source-only", {"stages.0.epochs": 1, "training.batch_size": 8})
    experiment = Experiment(recipe, read_table(table), ("here", "elsewhere"), "there", name=str(table))
    adapt_table(experiment, tmp_path / "run", RunOptions(seed=4))
    (tmp_path / "run" / "summary.json").unlink()
    page = write_page(tmp_path / "run", tmp_path / "page.html", "--skip-bad")
    tables = read_tables(page)
    facts = tables["What was run"][0][1]
    assert facts["Task mood"] == ["a number"]
    assert facts["This page, source"][0].endswith(
        "training rows kept back for validation, by which the epoch was chosen too"
    )
    assert facts["This page, target"][0].endswith("of there, split train, on which it was adapted")
    assert len(tables["Scores"]) == 4
    assert "MAE" in tables["Scores"][2][0]
    confusions = [words for words in read_pictures(page) if words.startswith("Confusion")]
    assert len(confusions) == 6
    assert all("of verb by" in words for words in confusions)
    assert any("by domain: elsewhere, here, there" in words for words in read_pictures(page))


def _give_tasks(number: int, row: dict[str, str]) -> dict[str, str]:
    label = row.pop("label")
    row["label.verb"], row["label.mood"] = label, f"{len(label) + number / 100}"
    if row["domain"] == "here" and number % 2:
        row["domain"] = "elsewhere"
    return row | {"split": "train"}


def test_a_split_can_be_asked_for(run: Path, table_path: Path) -> None:
    _, schema, _ = load_run(run)
    rows = choose_rows(read_run(run), read_table(table_path), schema, "train", oracle=True)
    assert {name: (len(found.table), found.split) for name, found in rows.items()} == {
        "source": (45, "split train"),
        "target": (33, "split train, on which it was adapted"),
    }
