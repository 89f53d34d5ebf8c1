"""The page in a browser: it answers as the native session does, asks nobody else, and says what is wrong."""

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import onnx
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters import Session, export_onnx, read_config
from acclimate.exporters.artefact import METADATA_KEY, Form, to_json
from acclimate.exporters.artefact_folder import write_artefact
from acclimate.exporters.components import Components
from acclimate.exporters.forms import assemble
from acclimate.exporters.web import export_web
from acclimate.exporters.web.onnxruntime_web import FILES, PACKAGE, find_runtime
from acclimate.framework import ExportError, MultimodalModel, Task
from acclimate.framework.data import Table, read_table
from acclimate.framework.data.preprocessing import (
    ImagePreprocessing,
    Preprocessing,
    SignalPreprocessing,
    TextPreprocessing,
)
from acclimate.framework.data.preprocessing.word_tokenizer import make_word_tokenizer
from acclimate.framework.data.samples import Samples
from acclimate.framework.data.schema import Schema
from acclimate.framework.encoders.default import default_encoder
from browser import CHROMIUM, Browser, run_browser, serve
from PIL import Image

from .conftest import Convolution

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on the path")

FORMS: Final[tuple[Form, ...]] = ("mask", "branch", "split")
TASKS = (Task("activity", ("walk", "run", "rest")), Task("effort"))
WORDS = ("a fine day for a walk", "run run run", "a rest")


@attrs.frozen
class Site:
    """An artefact as a page, served."""

    folder: Path
    address: str
    artefact: Path
    table: Table


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """onnxruntime-web, as an unpacked folder; skips where npm cannot fetch it."""
    with pytest.MonkeyPatch.context() as context:
        context.setenv("npm_config_fetch_retries", "0")
        try:
            found = find_runtime()
        except ExportError as error:
            pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("onnxruntime-web")
    (folder / "dist").mkdir()
    (folder / "package.json").write_text(json.dumps({"name": PACKAGE, "version": found.version}))
    for source, target in FILES.items():
        (folder / source).write_bytes(found.files[target])
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Rows of a picture, words and a signal, of which one lacks the picture, and another the signal."""
    folder, generator = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    lines = ["id,domain,split,label.activity,label.effort,photo,said,wrist"]
    for row in range(4):
        Image.fromarray(generator.integers(0, 256, (12, 10, 3), dtype=np.uint8)).save(folder / f"{row}.png")
        np.save(folder / f"{row}.npy", np.cumsum(generator.standard_normal((15 + 4 * row, 2)), axis=0))
        photo, wrist = ("" if row == 0 else f"{row}.png"), ("" if row == 2 else f"{row}.npy")
        lines.append(f"row-{row},lab,test,{'walk' if row else ''},0.5,{photo},{WORDS[row % 3]},{wrist}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return read_table(folder / "table.csv")


@pytest.fixture(scope="module")
def model() -> tuple[MultimodalModel, Schema]:
    """One encoder that is told lengths, and two that are not."""
    torch.manual_seed(0)
    tokenizer = make_word_tokenizer({word: 2 for text in WORDS for word in text.split()})
    preprocessing: dict[str, Preprocessing] = {
        "photo": ImagePreprocessing(height=8, width=9, mean=[0.4] * 3, std=[0.3] * 3),
        "said": TextPreprocessing(max_length=9, tokenizer=tokenizer),
        "wrist": SignalPreprocessing(length=20, mean=[0.0, 1.0], std=[1.0, 2.0]),
    }
    encoders = {"photo": Convolution(), "said": default_encoder(preprocessing["said"]), "wrist": Convolution()}
    return MultimodalModel(encoders, TASKS, LateSum()), Schema(preprocessing, TASKS)


def write_in_form(form: Form, split: Path, artefact: Path) -> None:
    """The graphs of a split artefact in another form: torch takes seconds for each export."""
    config = attrs.evolve(read_config(split), form=form, files={})
    fusion = onnx.load(split / "fusion.onnx")
    fusion.ClearField("metadata_props")
    encoders = {name: onnx.load(split / "encoders" / f"{name}.onnx") for name in config.schema.modalities}
    (graph,) = assemble(form, Components(encoders, fusion), config).values()
    document = config.to_document()
    graph.metadata_props.add(key=METADATA_KEY, value=to_json(document))
    write_artefact(artefact, {config.main_file: graph.SerializeToString()}, document)


@pytest.fixture(scope="module")
def sites(
    model: tuple[MultimodalModel, Schema],
    table: Table,
    runtime: Path,
    tmp_path_factory: pytest.TempPathFactory,
    exports: None,
) -> Iterator[dict[str, Site]]:
    """The model in each form."""
    folder = tmp_path_factory.mktemp("sites")
    found = {}
    with serve(folder) as address:
        export_onnx(model[0], folder / "split-artefact", model[1], form="split", recipe="rna-uda")
        for form in FORMS:
            artefact = folder / f"{form}-artefact"
            if form != "split":
                write_in_form(form, folder / "split-artefact", artefact)
            export_web(artefact, folder / form, samples=table, onnxruntime_web=runtime)
            found[form] = Site(folder / form, f"{address}{form}/", artefact, table)
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM is not None
    with run_browser(CHROMIUM, tmp_path_factory.mktemp("profile")) as found:
        yield found


def text(browser: Browser, selector: str) -> str:
    found: str = browser.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")
    return found


def choose(browser: Browser, sample: str) -> None:
    """Take a sample that has all modalities, and wait for its answer."""
    buttons = "[...document.querySelectorAll('#sample-buttons button')]"
    browser.evaluate(f"{buttons}.find(button => button.innerText === {json.dumps(sample)}).click()")
    browser.wait("document.querySelector('#speed').innerText.endsWith('from photo, said, wrist')")


def switch(browser: Browser, name: str) -> None:
    """Turn a modality on or off, and wait for the answer to that."""
    said = json.dumps(text(browser, "#speed"))
    browser.evaluate(f"document.querySelector('[aria-label=\"Use {name}\"]').click()")
    browser.wait(f"document.querySelector('#speed').innerText !== {said}")


@pytest.mark.parametrize("form", FORMS)
def test_every_answer_is_the_native_session_s(form: str, sites: dict[str, Site], browser: Browser) -> None:
    site = sites[form]
    browser.open(f"{site.address}?check")
    answers = json.loads(browser.evaluate("document.querySelector('#check-answers').textContent"))
    session = Session(site.artefact)
    samples = {sample.id: sample for sample in Samples(site.table, session.schema, labelled=False)}
    assert len(answers) == 7 + 3 + 3 + 7, answers[:1]
    for answer in answers:
        sample = samples[answer["sample"]]
        expected = session.run(
            {name: sample.inputs[name][np.newaxis] for name in answer["modalities"]},
            lengths={name: np.array([length]) for name, length in sample.lengths.items()},
        )
        assert set(answer["outputs"]) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(answer["outputs"][name], values[0], rtol=0, atol=1e-5)
        assert answer["agrees"]
    assert text(browser, "#check p").endswith(", 0 too far away.")
    assert browser.complaints == []
    assert [asked for asked in browser.requests if not asked.startswith((site.address, "data:", "blob:"))] == []


def test_a_check_finds_what_differs(sites: dict[str, Site], browser: Browser, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sites["mask"].folder, tmp_path / "site"))
    index = folder / "samples" / "samples.json"
    document = json.loads(index.read_text())
    document["samples"][0]["expected"][0]["outputs"]["activity_logits"][1] += 0.01
    index.write_text(json.dumps(document))
    with serve(folder) as address:
        browser.open(f"{address}?check")
    assert text(browser, "#check p").endswith("largest difference 1.0e-2, 1 too far away.")


def shown_shares(browser: Browser) -> list[float]:
    """Percentages beside the fused bars."""
    cells = "[...document.querySelectorAll('.fused .bars .share')].map(cell => parseFloat(cell.innerText))"
    found: list[float] = browser.evaluate(cells)
    return found


def test_switching_a_modality_off_changes_the_answer(sites: dict[str, Site], browser: Browser) -> None:
    site = sites["branch"]
    browser.open(site.address)
    choose(browser, "row-1")
    assert browser.evaluate("document.querySelectorAll('#answers figure').length") == 4 + 3
    assert "labelled walk" in text(browser, "#answers .headline")
    seen = [text(browser, "#answers")]
    for name in ("photo", "wrist"):
        switch(browser, name)
        seen.append(text(browser, "#answers"))
    assert all(first != second for first, second in pairwise(seen))
    prediction = Session(site.artefact).predict({"said": str(site.table.rows[1].cells["said"])})
    shares = [100 * share for share in prediction.probabilities["activity"].values()]
    np.testing.assert_allclose(shown_shares(browser), shares, atol=0.051)
    assert text(browser, "#answers .headline strong") == prediction.labels["activity"]
    effort = browser.evaluate("document.querySelectorAll('#answers .headline strong')[1].innerText")
    assert float(effort) == pytest.approx(prediction.labels["effort"], rel=1e-3)
    browser.evaluate("document.querySelector('[aria-label=\"Use said\"]').click()")
    assert text(browser, "#status") == "Give one modality at least, and switch it on."
    assert text(browser, "#answers") == ""


def test_a_split_artefact_loads_an_encoder_when_it_is_needed(sites: dict[str, Site], browser: Browser) -> None:
    site = sites["split"]
    browser.open(site.address)
    browser.wait("document.querySelector('#speed').innerText.endsWith('from said, wrist')")
    asked = {request.removeprefix(site.address) for request in browser.requests}
    encoders = {f"artefact/encoders/{name}.onnx" for name in ("photo", "said", "wrist")}
    assert encoders - asked == {"artefact/encoders/photo.onnx"}
    choose(browser, "row-1")
    assert f"{site.address}artefact/encoders/photo.onnx" in browser.requests


GIVE = """(async () => {
  const chooser = document.querySelector('[aria-label="File of NAME"]');
  const content = await (await fetch('ADDRESS', {cache: 'no-store'})).blob();
  const given = new DataTransfer();
  given.items.add(new File([content], 'ADDRESS'.split('/').pop()));
  chooser.files = given.files;
  chooser.dispatchEvent(new Event('change'));
})()"""


def test_a_visitor_s_own_inputs(sites: dict[str, Site], browser: Browser) -> None:
    site = sites["branch"]
    browser.open(site.address)
    (site.folder / "own").mkdir()
    shutil.copy(site.table.root / "3.png", site.folder / "own" / "mine.png")
    (site.folder / "own" / "move.npy").write_bytes(b"no array")
    browser.evaluate(GIVE.replace("NAME", "photo").replace("ADDRESS", "own/mine.png"))
    browser.wait("document.querySelector('.source').innerText === 'mine.png'")
    browser.evaluate(GIVE.replace("NAME", "wrist").replace("ADDRESS", "own/move.npy"))
    browser.wait("document.querySelectorAll('.problem')[2].innerText !== ''")
    problem = browser.evaluate("document.querySelectorAll('.problem')[2].innerText")
    assert problem == "move.npy: expected an array of numbers (.npy), but found a file of another kind."
    browser.evaluate(
        "(() => { const typed = document.querySelector('[aria-label=\"Text of said\"]');"
        "typed.value = 'a fine rest'; typed.dispatchEvent(new Event('input')); })()"
    )
    browser.wait("document.querySelector('#speed').innerText.endsWith('from photo, said')")
    prediction = Session(site.artefact).predict({"photo": site.folder / "own" / "mine.png", "said": "a fine rest"})
    shares = [100 * share for share in prediction.probabilities["activity"].values()]
    np.testing.assert_allclose(shown_shares(browser), shares, atol=0.051)
    assert browser.evaluate("document.querySelectorAll('button[aria-pressed=true]').length") == 0
    assert browser.complaints == []


@pytest.mark.parametrize(("form", "file"), [("mask", "model.onnx"), ("split", "encoders/said.onnx")])
def test_an_altered_artefact_is_refused(
    form: str, file: str, sites: dict[str, Site], browser: Browser, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sites[form].folder, tmp_path / "site"))
    graph = folder / "artefact" / file
    graph.write_bytes(graph.read_bytes() + b" ")
    with serve(folder) as address:
        browser.open(address)
        browser.wait("document.querySelector('#status').innerText.startsWith('The ')")
    assert f"{file} is damaged or was altered" in text(browser, "#status")


def test_a_missing_file_is_named(sites: dict[str, Site], browser: Browser, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sites["mask"].folder, tmp_path / "site"))
    (folder / "artefact" / "model.onnx").unlink()
    with serve(folder) as address:
        browser.open(address)
    assert "artefact/model.onnx cannot be loaded: the server says 404" in text(browser, "#status")


def test_a_page_opened_as_a_file_says_what_to_do(sites: dict[str, Site], browser: Browser) -> None:
    page = sites["mask"].folder / "index.html"
    browser.open(page.as_uri(), until="document.querySelector('#unserved').innerText !== ''")
    assert "python3 -m http.server" in text(browser, "#unserved")
    assert browser.evaluate("document.querySelector('main').hidden")


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_can_be_read(width: int, scheme: str, sites: dict[str, Site], browser: Browser) -> None:
    browser.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(sites["mask"].address)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    tones = browser.evaluate(
        "['backgroundColor', 'color'].map(kind => Math.max(...getComputedStyle(document.body)[kind].match(/\\d+/g)))"
    )
    assert (tones[0] < 60, tones[1] > 200) == ((scheme == "dark"),) * 2
    unnamed: list[Any] = browser.evaluate(
        "[...document.querySelectorAll('input, textarea, svg, canvas, audio, img')]"
        ".filter(part => !(part.alt || part.ariaLabel)).map(part => part.outerHTML)"
    )
    assert unnamed == []
