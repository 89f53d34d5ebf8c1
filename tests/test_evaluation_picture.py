"""The picture of an evaluation: well-formed, whole, told in words, and safe whatever names hold."""

from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from acclimate.framework.evaluation.intervals import Confidence, Interval
from acclimate.framework.evaluation.latency import SubsetTiming, Timing
from acclimate.framework.evaluation.scores import score_task
from acclimate.framework.evaluation.subsets import DropTable, SubsetScores
from acclimate.framework.layout import Task, modality_subsets
from acclimate.framework.report.bar_chart import draw_charts
from acclimate.framework.report.charts import Bar, Chart, Panel
from acclimate.framework.report.evaluation_picture import draw_subsets
from acclimate.framework.report.svg import Drawing

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("a<script>&\"'", "photoplethysmogram of the left wrist, second session", "臂の加速度" * 5, "x\0y")
TASKS = (Task("digit", ("0", "1")), Task("valence"))


def results(modalities: tuple[str, ...]) -> tuple[DropTable, Timing]:
    """Scores and times by hand; no sample has the first modality alone."""
    generator = np.random.default_rng(0)
    subsets = modality_subsets(modalities)
    tasks = {}
    for task in TASKS:
        rows = {}
        for subset in subsets:
            labels = generator.normal(size=40) if task.is_regression else generator.integers(0, 2, 40)
            scores = score_task(task, labels, generator.normal(size=(40, task.outputs)), Confidence(resamples=50))
            scored = None if subset == modalities[:1] else scores
            rows[subset] = SubsetScores(subset, scored, scored, 9 if len(subset) == 1 else 0)
        tasks[task.name] = rows
    times = {subset: SubsetTiming(2.0 * len(subset), 2.5 * len(subset), 640.0) for subset in subsets}
    return DropTable(tasks), Timing(times, batch_size=64, calls=20, batches=3)


def elements(picture: str, kind: str) -> list[Element]:
    return list(fromstring(picture).iter(SVG + kind))  # noqa: S314 - our own


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_subset_has_its_bars_within_the_picture(count: int) -> None:
    drop, timing = results(NAMES[:count])
    picture = draw_subsets(drop, timing, where="table.csv, garden, test", notes=["small print"])
    _, _, width, height = map(float, elements(picture, "svg")[0].attrib["viewBox"].split())
    subsets = 2**count - 1
    ground, *bars = elements(picture, "rect")
    assert (float(ground.attrib["width"]), float(ground.attrib["height"])) == (width, height)
    # Two measures for each of two tasks, where there are samples, and two times.
    assert len(bars) == 4 * (subsets - 1) + 2 * subsets
    for bar in bars:
        assert bar.find(SVG + "title") is not None
        x, y, across, down = (float(bar.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + across <= width
        assert 0 <= y <= y + down <= height
    for text in elements(picture, "text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height


def test_what_it_shows_stands_in_words_too() -> None:
    drop, timing = results(("audio", "image"))
    picture = draw_subsets(drop, timing, where="table.csv, garden, test")
    root = elements(picture, "svg")[0]
    assert root.attrib["role"] == "img"
    title, description = root.find(SVG + "title"), root.find(SVG + "desc")
    assert title is not None
    assert description is not None
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]
    assert title.text == "Scores with every subset of modalities: table.csv, garden, test"
    lines = (description.text or "").splitlines()
    assert [line for line in lines if line.endswith("table.csv, garden, test")] == [
        "digit: table.csv, garden, test",
        "valence: table.csv, garden, test",
    ]
    scores = drop.tasks["digit"][("image",)].scores
    assert scores is not None
    interval = scores.intervals["accuracy"]
    line = next(line for line in lines if line.startswith("image: accuracy"))
    assert f"accuracy {scores.main:.3f} ({interval.low:.3f} to {interval.high:.3f})" in line
    assert line.endswith("2.00 ms (2.50 at the 95th percentile), 640 samples/s, 9 excluded")
    assert "audio: 2.00 ms (2.50 at the 95th percentile), 640 samples/s, 9 excluded" in lines
    assert "audio: 9 excluded" in lines


def test_names_cannot_break_the_picture() -> None:
    drop, timing = results(NAMES)
    picture = draw_subsets(drop, timing, where="<b>&", notes=["]]> & <i>"])
    assert "<script>" not in picture
    assert "\0" not in picture
    words = [text.text or "" for text in elements(picture, "text")]
    assert any(word.startswith("a<script>&\"'") for word in words)
    assert "x\N{REPLACEMENT CHARACTER}y" in words
    assert "]]> & <i>" in words


def test_long_names_break_between_modalities_and_are_cut_within_one() -> None:
    drop, _ = results(("accelerometer", "gyroscope", NAMES[1]))
    words = [text.text or "" for text in elements(draw_subsets(drop, None, where="table.csv"), "text")]
    assert "accelerometer + gyroscope +" in words
    assert "accelerometer + gyroscope" in words
    assert "photoplethysmogram of the lef…" in words
    assert not any("ms" in word for word in words)


def test_it_has_light_and_dark_colours_of_its_own() -> None:
    picture = draw_subsets(*results(("audio",)), where="table.csv")
    style = elements(picture, "style")[0].text or ""
    light, _, dark = style.partition("@media (prefers-color-scheme:dark)")
    used = {element.attrib["class"] for element in fromstring(picture).iter() if "class" in element.attrib}  # noqa: S314
    assert used
    for name in used:
        assert f".{name}{{" in light
        assert f".{name}{{" in dark


def test_the_same_results_give_the_same_file() -> None:
    assert draw_subsets(*results(NAMES), where="x") == draw_subsets(*results(NAMES), where="x")


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.4, 0.9], ["0", "0.5"]),
        ([15.3], ["0", "5", "10", "15"]),
        ([900.0], ["0", "500"]),
        ([-0.2, 0.8], ["0", "0.5"]),
        ([0.0], ["0", "0.5", "1"]),
        ([0.00031], ["0", "0.0001", "0.0002", "0.0003"]),
        ([1234567.0], ["0", "500000", "1000000"]),
    ],
)
def test_axes_have_round_numbers(values: list[float], ticks: list[str]) -> None:
    bars = [Bar(value, "", None, "bar") for value in values]
    names = [[str(number)] for number in range(len(values))]
    picture = draw_charts([Chart("chart", names, [""] * len(values), [Panel("panel", bars)])], "picture")
    middle = [text.text for text in elements(picture, "text") if text.attrib["text-anchor"] == "middle"]
    assert middle == ticks


def test_bars_below_zero_begin_at_their_value() -> None:
    bars = [Bar(-0.5, "-0.500", Interval(-1.0, 0.0), "below"), Bar(1.0, "1.000", None, "above")]
    picture = draw_charts([Chart("chart", [["a"], ["b"]], ["", ""], [Panel("panel", bars)])], "picture")
    _, below, above = elements(picture, "rect")
    end = float(below.attrib["x"]) + float(below.attrib["width"])
    assert end == pytest.approx(float(above.attrib["x"]), abs=0.02)
    assert float(above.attrib["width"]) == pytest.approx(2 * float(below.attrib["width"]), abs=0.02)


def test_a_drawing_keeps_blanks_and_lines_of_its_description() -> None:
    content = Drawing(10.0, 10.0, "title", "one\ntwo").to_string()
    assert elements(content, "desc")[0].text == "one\ntwo"


def test_a_whisker_beyond_the_axis_has_no_end() -> None:
    def draw(slowest: float) -> list[Element]:
        bars = [Bar(2.0, "2.00", Interval(2.0, slowest), "bar")]
        picture = draw_charts([Chart("chart", [["a"]], [""], [Panel("panel", bars, most=4.0)])], "picture")
        return [line for line in elements(picture, "line") if line.attrib["class"] == "line-ink"]

    whole, cut = draw(3.0), draw(100.0)
    assert (len(whole), len(cut)) == (3, 2)
    assert float(cut[0].attrib["x2"]) - float(cut[0].attrib["x1"]) == pytest.approx(64, abs=0.02)
