"""The pages in a browser: they load in silence, can be searched, filtered, read and copied from, in light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acclimate.zoo.gallery.listed import ListedCheckpoint
from acclimate.zoo.gallery.write import write_gallery
from browser import CHROMIUM, Browser, run_browser, serve

from .shown import Words, write_checkpoint

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on the path")

SHOWN = "[...document.querySelectorAll('.card')].filter(card => card.checkVisibility()).map(card => card.dataset.name)"
NAMES = ["osan.rooms", "rna-uda.rooms", "rna-uda.moods", "osan.moods"]
"""The best on the target first."""

CONTRASTS = """
(() => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const paint = colour => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
  };
  const pixel = () => [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const light = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || !element.checkVisibility() || element.closest("script, svg, .unseen, option")) continue;
    const around = [];
    for (let node = element; node; node = node.parentElement) around.unshift(getComputedStyle(node).backgroundColor);
    around.forEach(paint);
    const ground = light(pixel());
    paint(getComputedStyle(element).color);
    const ink = light(pixel());
    found.push([(Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05), words]);
  }
  return found;
})()
"""
"""Contrast of each piece of text with what is behind it, as WCAG 2 computes it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on two data sets, of which one checkpoint has no files and one is worse than source-only."""
    folder = tmp_path_factory.mktemp("shown")
    rooms = Words(data="rooms", domains=("lab", "street"), modalities=("face", "gait_of_the_left_leg"), task="room")
    listed = [
        ListedCheckpoint.from_folder(
            write_checkpoint(folder, name, words, target=target), folder / name, mirror="zoo/checkpoints"
        )
        for name, words, target in (
            ("rna-uda.moods", Words(), 0.6),
            ("osan.moods", Words(), 0.3),
            ("osan.rooms", rooms, 0.8),
        )
    ]
    listed.append(ListedCheckpoint(entry=write_checkpoint(folder, "rna-uda.rooms", rooms, target=0.7)))
    return write_gallery(folder / "site", listed).folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all tests."""
    assert CHROMIUM is not None
    with run_browser(CHROMIUM, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def index(browser: Browser, site: Path) -> Browser:
    """With the page of all checkpoints, freshly opened from the disk."""
    open_page(browser, site / "index.html")
    return browser


def open_page(browser: Browser, page: Path, hash: str = "") -> None:  # noqa: A002 - as the address calls it
    # Another part of the same page would not be loaded again.
    browser.open("about:blank", until="true")
    browser.open(page.as_uri() + hash, until="document.readyState === 'complete'")


def choose(browser: Browser, name: str, value: str) -> None:
    """Fill in a field as a visitor would."""
    browser.evaluate(
        f"(() => {{ const field = document.querySelector('[name={name}]'); field.value = '{value}'; "
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def shown(browser: Browser) -> Any:  # noqa: ANN401 - JSON
    """Names of the cards that can be seen, in their order."""
    return browser.evaluate(SHOWN)


@pytest.mark.parametrize("name", ["index.html", "osan.rooms.html", "rna-uda.rooms.html"])
def test_it_loads_in_silence_and_asks_for_nothing(name: str, browser: Browser, site: Path) -> None:
    open_page(browser, site / name)
    assert browser.complaints == []
    assert [address for address in browser.requests if not address.startswith("data:")] == [(site / name).as_uri()]


def test_it_works_from_a_server_too(browser: Browser, site: Path) -> None:
    with serve(site) as address:
        browser.open(f"{address}osan.rooms.html", until="document.readyState === 'complete'")
        browser.open(f"{address}index.html", until="document.readyState === 'complete'")
        assert browser.complaints == []
        assert shown(browser) == NAMES


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"query": "RNA moods"}, ["rna-uda.moods"]),
        ({"query": "street"}, ["osan.rooms", "rna-uda.rooms"]),
        ({"query": "nothing"}, []),
        ({"method": "osan"}, ["osan.rooms", "osan.moods"]),
        ({"data": "moods", "method": "osan"}, ["osan.moods"]),
        ({"task": "mood"}, ["rna-uda.moods", "osan.moods"]),
        ({"sort": "name"}, sorted(NAMES)),
        ({"sort": "gain", "method": "rna-uda"}, ["rna-uda.rooms", "rna-uda.moods"]),
    ],
)
def test_a_visitor_finds_what_is_asked_for(fields: dict[str, str], expected: list[str], index: Browser) -> None:
    for name, value in fields.items():
        choose(index, name, value)
    assert shown(index) == expected
    assert index.evaluate("document.querySelector('[role=status]').textContent") == f"{len(expected)} of 4"
    assert index.evaluate("document.querySelector('.none').checkVisibility()") == (not expected)


def test_modalities_are_ticked_and_all_comes_back(index: Browser) -> None:
    index.evaluate("document.querySelector('[value=voice]').click()")
    assert shown(index) == ["rna-uda.moods", "osan.moods"]
    index.evaluate("document.querySelector('[value=gait_of_the_left_leg]').click()")
    assert shown(index) == []
    index.evaluate("document.querySelector('[type=reset]').click()")
    index.wait(f"{SHOWN}.length === 4")
    assert index.evaluate("location.hash") in {"", "#sort=score"}


def test_what_is_chosen_can_be_shared_as_an_address(index: Browser, site: Path) -> None:
    choose(index, "query", "street & <x>")
    choose(index, "query", "street")
    index.evaluate("document.querySelector('[value=face]').click()")
    choose(index, "sort", "name")
    hash_ = index.evaluate("location.hash")
    assert hash_ == "#query=street&sort=name&modality=face"
    open_page(index, site / "index.html", hash_)
    assert shown(index) == ["osan.rooms", "rna-uda.rooms"]
    assert index.evaluate("document.querySelector('[name=query]').value") == "street"


@pytest.mark.parametrize("hash_", ["#sort=valueOf", "#query", "#method=nobody&<b>=1", "#checkpoints", "#%E0%A4%A"])
def test_a_strange_address_shows_all(hash_: str, browser: Browser, site: Path) -> None:
    open_page(browser, site / "index.html", hash_)
    assert browser.complaints == []
    assert shown(browser) == NAMES


def test_without_scripts_all_cards_are_there_and_nothing_that_needs_one(browser: Browser, site: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        open_page(browser, site / "index.html")
        assert shown(browser) == NAMES
        assert browser.evaluate("document.querySelector('.filters').checkVisibility()") is False
        assert browser.evaluate("document.querySelector('.copy').checkVisibility()") is False
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_a_script_that_is_not_ours_does_not_run(browser: Browser, site: Path, tmp_path: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    foreign = '<script>document.title = "taken"</script><img src="data:," onerror="document.title = \'taken\'" alt="">'
    (tmp_path / "index.html").write_text(text.replace("<footer>", f"{foreign}<footer>"), encoding="utf-8")
    open_page(browser, tmp_path / "index.html")
    assert browser.evaluate("document.title") == "Checkpoints"
    assert len(browser.complaints) == 2
    assert shown(browser) == NAMES


def test_a_command_is_copied(index: Browser) -> None:
    index.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    index.command("Page.bringToFront")
    index.evaluate("document.querySelector('.copy').click()")
    index.wait("document.querySelector('.said').textContent !== ''")
    assert index.evaluate("document.querySelector('.said').textContent") == "Copied"
    text = index.evaluate("navigator.clipboard.readText()")
    assert text == (
        "acclimate zoo pull osan.rooms --mirror zoo/checkpoints --out osan.rooms && "
        "acclimate predict osan.rooms --face FILE --gait_of_the_left_leg FILE"
    )


@pytest.mark.parametrize("tone", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "osan.rooms.html", "osan.moods.html"])
def test_all_text_can_be_read(name: str, tone: str, browser: Browser, site: Path) -> None:
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": tone}])
    open_page(browser, site / name)
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 28)"}[tone]
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert [(ratio, words) for ratio, words in contrasts if ratio < 4.5] == []


@pytest.mark.parametrize("width", [1400, 390, 320])
@pytest.mark.parametrize("name", ["index.html", "osan.rooms.html"])
def test_it_fits_wide_and_narrow_windows(name: str, width: int, browser: Browser, site: Path) -> None:
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
    )
    open_page(browser, site / name)
    assert browser.evaluate("document.documentElement.clientWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    # No square is a line, and no bar is nothing.
    sizes = browser.evaluate(
        "[...document.querySelectorAll('.scatter, .plot svg')].map(e => e.getBoundingClientRect().toJSON())"
    )
    assert sizes
    assert all(size["width"] >= 80 and size["height"] >= 10 for size in sizes)


def test_every_field_picture_and_region_has_a_name(browser: Browser, site: Path) -> None:
    for name in ("index.html", "osan.rooms.html"):
        open_page(browser, site / name)
        nodes = browser.command("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "checkbox", "combobox", "searchbox", "image", "link", "region", "search", "article", "table"}
        found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        unnamed = [node["role"]["value"] for node in found if not node.get("name", {}).get("value")]
        assert {"image", "link", "table"} <= {node["role"]["value"] for node in found}
        assert [role for role in unnamed if role != "table"] == []
