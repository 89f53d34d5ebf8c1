"""The pages of all checkpoints say what registries and files say, as text; a folder is replaced whole or not at all."""

import base64
import hashlib
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework.errors import ZooError
from acclimate.framework.report.theme import SERIES
from acclimate.zoo.cache import VARIABLE as CACHE
from acclimate.zoo.gallery.bars import make_drop_chart
from acclimate.zoo.gallery.checkpoint_view import CheckpointView
from acclimate.zoo.gallery.listed import ListedCheckpoint, list_checkpoints
from acclimate.zoo.gallery.overview import Overview
from acclimate.zoo.gallery.scatter import SIZE, draw_scatter
from acclimate.zoo.gallery.write import write_gallery
from acclimate.zoo.joined_registry import joined_registry
from acclimate.zoo.metrics import Point, Score
from acclimate.zoo.mirrors.locations import VARIABLE as MIRRORS
from acclimate.zoo.registry import Registry, RegistryEntry, builtin_registry

from acclimate.__main__ import main

from .shown import Words, make_metrics, write_checkpoint, write_registry

HOSTILE = "</script></style><img src=x onerror=alert(1)>\" ' & ${x} {{ x }}"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on two data sets; one checkpoint is worse than source-only."""
    folder = tmp_path_factory.mktemp("mirror")
    rooms = Words(data="rooms", domains=("lab", "street"), modalities=("face", "gait", "voice"), task="room")
    entries = [
        write_checkpoint(folder, "rna-uda.moods", target=0.6),
        write_checkpoint(folder, "osan.moods", target=0.3),
        write_checkpoint(folder, "rna-uda.rooms", rooms, target=0.7),
        write_checkpoint(folder, "osan.rooms", rooms, target=0.8),
    ]
    write_registry(folder, entries)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's user has pulled is not shown."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(MIRRORS, raising=False)


@pytest.fixture(scope="module")
def listed(mirror: Path) -> list[ListedCheckpoint]:
    """Those of the mirror alone."""
    entries = joined_registry([str(mirror)]).entries
    own = Registry({name: entry for name, entry in entries.items() if name not in builtin_registry().entries})
    return list_checkpoints(own, [str(mirror)])


@pytest.fixture(scope="module")
def site(listed: list[ListedCheckpoint], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages."""
    return write_gallery(tmp_path_factory.mktemp("site") / "pages", listed).folder


def show(folder: Path, words: Words, name: str = "rna-uda.moods") -> Path:
    """Pages of one checkpoint."""
    entry = write_checkpoint(folder / "mirror", name, words)
    return write_gallery(folder / "site", [ListedCheckpoint.from_folder(entry, folder / "mirror" / name)]).folder


def cards(site: Path) -> dict[str, str]:
    text = (site / "index.html").read_text(encoding="utf-8")
    return dict(re.findall(r'<li class="card" data-name="(.*?)"(.*?)</article>', text, re.DOTALL))


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


class Tags(HTMLParser):
    """All elements with the names of their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[tuple[str, ...]] = Counter()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count it."""
        self.found[tag, *(name for name, _ in attrs)] += 1

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.words.append(data)


def test_there_is_a_card_and_a_page_for_each_and_every_link_leads_to_one(site: Path) -> None:
    names = {"rna-uda.moods", "osan.moods", "rna-uda.rooms", "osan.rooms"}
    assert set(cards(site)) == names
    assert {path.name for path in site.iterdir()} == {"index.html", *(f"{name}.html" for name in names)}
    for page in site.iterdir():
        for link in re.findall(r'href="([^"]*)"', page.read_text(encoding="utf-8")):
            assert link == "data:," or (site / link).is_file(), (page, link)


def test_the_best_on_the_target_is_first(site: Path) -> None:
    assert list(cards(site)) == ["osan.rooms", "rna-uda.rooms", "rna-uda.moods", "osan.moods"]


def test_a_card_says_what_is_known(site: Path, listed: list[ListedCheckpoint]) -> None:
    card = cards(site)["rna-uda.moods"]
    (entry,) = [one.entry for one in listed if one.entry.name == "rna-uda.moods"]
    said = words_of(card)
    for part in (
        "moods day → night",
        "face voice",
        "0.600 0.580 ± 0.050 over 3 seeds",
        "0.200 better than source-only",
    ):
        assert part in said
    for part in ("On the source 0.900", "Source-only, target oracle 0.400", "Apache-2.0", entry.sha256[:12]):
        assert part in said
    assert entry.sha256 in card
    assert "all 0.600 face 0.590 voice 0.580" in said
    assert 'role="img"' in card
    assert "t-SNE of the joint features of 15 source and 15 target samples, coloured by class: bad, good, none." in card
    assert "Worse than source-only" not in said


def test_what_is_worse_than_source_only_is_marked(site: Path) -> None:
    for html in (cards(site)["osan.moods"], (site / "osan.moods.html").read_text(encoding="utf-8")):
        assert "Worse than source-only on the target" in words_of(html)
    assert "0.100 worse than source-only" in words_of(cards(site)["osan.moods"])


def test_its_page_says_how_it_was_chosen_and_what_its_files_are(site: Path, listed: list[ListedCheckpoint]) -> None:
    text = words_of((site / "rna-uda.rooms.html").read_text(encoding="utf-8"))
    assert "Epoch 7 of stage adaptation, by modality agreement" in text
    assert "modality agreement 0.700. Of 3 seeds, the first." in text
    assert "face + gait + voice 0.700" in text
    assert "gait + voice 0.670" in text
    (entry,) = [one.entry for one in listed if one.entry.name == "rna-uda.rooms"]
    assert all(file.sha256 in text for file in entry.files.values())
    assert "Tells room 3 classes: bad, good, none" in text


def test_the_command_is_for_a_shell(listed: list[ListedCheckpoint], mirror: Path, site: Path) -> None:
    (one,) = [one for one in listed if one.entry.name == "osan.moods"]
    pull = ["acclimate", "zoo", "pull", "osan.moods", "--mirror", str(mirror), "--out", "osan.moods"]
    run = ["acclimate", "predict", "osan.moods", "--face", "FILE", "--voice", "FILE"]
    assert shlex.split(" ".join(one.command_words)) == [*pull, "&&", *run]
    (code,) = re.findall(r"<code tabindex.*?>(.*?)</code>", cards(site)["osan.moods"])
    assert unescape(re.sub(r"<[^>]*>", "", code)) == " ".join(one.command_words)


def test_a_modality_cannot_add_a_command(listed: list[ListedCheckpoint]) -> None:
    entry = attrs.evolve(listed[0].entry, modalities=("$(rm -r ~)", "a; rm b"))
    words = shlex.split(" ".join(ListedCheckpoint(entry=entry, mirror="x; y").command_words), posix=True)
    assert words[4:6] == ["--mirror", "x; y"]
    assert words[-4:] == ["--$(rm -r ~)", "FILE", "--a; rm b", "FILE"]


def test_only_the_mirror_that_has_it_is_named_and_none_for_embedded_ones(
    listed: list[ListedCheckpoint], mirror: Path, tmp_path: Path
) -> None:
    entry = attrs.evolve(listed[0].entry, mirrors=())
    other = tmp_path / "other"
    other.mkdir()

    def place(entry: RegistryEntry, *given: Path, mirrors: tuple[str, ...] = ()) -> str | None:
        registry = Registry({entry.name: entry}, mirrors=mirrors)
        return list_checkpoints(registry, [str(folder) for folder in given])[0].mirror

    assert place(listed[0].entry, other, mirror) == str(mirror)
    assert place(entry, other, mirror) == str(other)
    assert place(entry) is None
    assert place(entry, mirror, mirrors=("https://somewhere.example",)) is None
    assert place(attrs.evolve(entry, mirrors=("https://somewhere.example",)), mirror) is None


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    """The same elements as of a harmless checkpoint, and the very words in the text."""
    harmless = Words(modalities=("a", "b"), classes=("x", "y", "z"))
    hostile = Words(
        description=f"d{HOSTILE}",
        data=f"t{HOSTILE}",
        domains=(f"s{HOSTILE}", f"t{HOSTILE}"),
        # These name files.
        modalities=tuple(f"{letter}{HOSTILE}".replace("/", "|") for letter in "mn"),
        task=f"k{HOSTILE}",
        classes=(f"x{HOSTILE}", f"y{HOSTILE}", "]]><!--"),
        measure=f"e{HOSTILE}",
        licence=f"l{HOSTILE}",
        chosen_among=f"c{HOSTILE}",
    )
    expected, found = show(tmp_path / "expected", harmless), show(tmp_path / "found", hostile)
    for name in ("index.html", "rna-uda.moods.html"):
        pages = [(folder / name).read_text(encoding="utf-8") for folder in (expected, found)]
        # Those of a shell's quotes, and what tells `source-only` from the rest, are the same too.
        tags = [Tags(page) for page in pages]
        assert tags[0].found == tags[1].found
        assert pages[1].count("<script>") == pages[0].count("<script>")
    text = "".join(Tags((found / "rna-uda.moods.html").read_text(encoding="utf-8")).words)
    for letter in "dtsxylc":
        assert f"{letter}{HOSTILE}" in text
    assert hostile.modalities[0] in text


@pytest.mark.parametrize("name", ["index.html", "osan.moods.html"])
def test_the_policy_allows_its_own_script_and_style_and_nothing_else(name: str, site: Path) -> None:
    text = (site / name).read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.keys() == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for rule, tag in (("script-src", "script"), ("style-src", "style")):
        blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in blocks]
        assert rules[rule].split() == [f"'sha256-{digest}'" for digest in digests]
    assert not re.search(r"""\s(style|on\w+)=["']""", re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))


def test_it_needs_no_network(site: Path) -> None:
    for page in site.iterdir():
        text = page.read_text(encoding="utf-8")
        assert "://" not in text
        assert "@import" not in text
        assert "url(" not in text
        assert " src=" not in text


def test_without_files_a_card_says_what_the_registry_knows(listed: list[ListedCheckpoint], tmp_path: Path) -> None:
    write_gallery(tmp_path / "site", [ListedCheckpoint(entry=listed[0].entry)])
    ((name, card),) = cards(tmp_path / "site").items()
    assert "Its files are not at hand: no pictures." in card
    assert "<svg" not in card
    assert f"{listed[0].entry.tasks['mood'].target.value:.3f}" in words_of(card)  # type: ignore[union-attr]
    page = (tmp_path / "site" / f"{name}.html").read_text(encoding="utf-8")
    assert "so it has no pictures" in page
    assert all(file.sha256 in page for file in listed[0].entry.files.values())


def test_what_a_registry_alone_says_is_text_as_well(listed: list[ListedCheckpoint], tmp_path: Path) -> None:
    entry = listed[0].entry
    words = {"licence": HOSTILE, "data_licence": HOSTILE, "recipe": HOSTILE, "data": HOSTILE, "target": HOSTILE}
    tasks = {HOSTILE: attrs.evolve(entry.tasks["mood"], measure=HOSTILE)}
    hostile = attrs.evolve(entry, **words, source=(HOSTILE,), modalities=(HOSTILE, "face"), tasks=tasks)
    folders = [
        write_gallery(tmp_path / name, [ListedCheckpoint(entry=one, mirror=mirror)]).folder
        for name, one, mirror in (("expected", entry, "mirror"), ("found", hostile, HOSTILE))
    ]
    for name in ("index.html", f"{entry.name}.html"):
        expected, found = (Tags((folder / name).read_text(encoding="utf-8")) for folder in folders)
        assert expected.found == found.found
        assert HOSTILE in "".join(found.words)


def test_the_same_checkpoints_give_the_same_pages(listed: list[ListedCheckpoint], site: Path, tmp_path: Path) -> None:
    write_gallery(tmp_path / "site", reversed(listed))
    for page in site.iterdir():
        assert (tmp_path / "site" / page.name).read_bytes() == page.read_bytes()


def test_the_command_writes_what_mirrors_have_without_torch(mirror: Path, tmp_path: Path) -> None:
    """A mirror that is given to the command; in a new process, to see what it imports."""
    program = (
        "import sys; from acclimate.__main__ import main; "
        f"print(main(['zoo', 'site', {str(tmp_path / 'site')!r}, '--mirror', {str(mirror)!r}]), 'torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "0 False"
    assert {"rna-uda.moods", "osan.moods", "rna-uda.rooms", "osan.rooms"} <= set(cards(tmp_path / "site"))


def test_altered_files_are_named_and_change_nothing(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(mirror, tmp_path / "mirror"))
    assert main(["zoo", "site", str(tmp_path / "site"), "--mirror", str(copy)]) == 0
    before = (tmp_path / "site" / "index.html").read_bytes()
    metrics = copy / "osan.moods" / "metrics.json"
    metrics.write_text(metrics.read_text(encoding="utf-8").replace("0.3", "0.9"), encoding="utf-8")
    capsys.readouterr()
    assert main(["zoo", "site", str(tmp_path / "site"), "--mirror", str(copy)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "osan.moods/metrics.json is damaged or was altered" in line
    assert (tmp_path / "site" / "index.html").read_bytes() == before


def test_a_missing_package_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["zoo", "site", str(tmp_path / "site")]) == 2
    assert capsys.readouterr().err == "acclimate zoo: needs the package Jinja2: pip install 'acclimate[site]'\n"


def test_a_former_site_is_replaced(listed: list[ListedCheckpoint], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    write_gallery(tmp_path / "site", listed)
    report = write_gallery(tmp_path / "site", listed[:1])
    assert (report.checkpoints, report.pictured) == (1, 1)
    assert {path.name for path in report.folder.iterdir()} == {"index.html", f"{listed[0].entry.name}.html"}
    assert report.size == sum(path.stat().st_size for path in report.folder.iterdir())


@pytest.mark.parametrize(
    ("name", "content"),
    [("index.html", "<!doctype html>"), ("CNAME", "x"), ("mine.html", "x"), ("rna-uda.moods.html", "x"), (".git", "x")],
)
def test_what_is_no_site_of_ours_is_left_alone(
    name: str, content: str, listed: list[ListedCheckpoint], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ZooError, match="must be empty, or hold a former site and nothing else, but"):
        write_gallery(tmp_path, listed)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["CNAME", ".git"])
def test_nothing_is_removed_that_somebody_put_into_a_site(
    name: str, listed: list[ListedCheckpoint], tmp_path: Path
) -> None:
    write_gallery(tmp_path / "site", listed)
    (tmp_path / "site" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(ZooError, match=f"but it holds {re.escape(name)}"):
        write_gallery(tmp_path / "site", listed)
    assert (tmp_path / "site" / name).exists()


def test_a_file_is_no_folder(listed: list[ListedCheckpoint], tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine", encoding="utf-8")
    with pytest.raises(ZooError, match="there is a file of that name"):
        write_gallery(tmp_path / "site", listed)
    with pytest.raises(ZooError, match="the pages cannot be written"):
        write_gallery(tmp_path / "site" / "deeper", listed)


def test_there_must_be_something_to_show(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match="no registry has one"):
        write_gallery(tmp_path / "site", [])


def test_errors_are_better_when_they_are_smaller(tmp_path: Path) -> None:
    words = Words(measure="mean absolute error")
    entries = {
        name: write_checkpoint(tmp_path, name, words, target=target, source_only=1.5, higher_is_better=False)
        for name, target in (("good.moods", 1.25), ("bad.moods", 2.0))
    }
    good, bad = (
        CheckpointView(ListedCheckpoint.from_folder(entry, tmp_path / name)) for name, entry in entries.items()
    )
    assert good.main.score is not None
    assert bad.main.score is not None
    assert good.main.score > bad.main.score
    assert (good.worse, bad.worse) == ([], ["mood"])
    assert (good.main.verdict, bad.main.verdict) == ("0.250 better than source-only", "0.500 worse than source-only")
    assert list(cards(write_gallery(tmp_path / "site", [bad.listed, good.listed]).folder)) == [
        "good.moods",
        "bad.moods",
    ]
    overview = Overview.of([good, bad])
    assert overview is not None
    assert [[cell and (cell.is_best, cell.is_worse) for cell in row.cells] for row in overview.rows] == [
        [(False, True)],
        [(True, False)],
    ]


def test_the_overview_has_methods_in_rows_and_data_in_columns(listed: list[ListedCheckpoint]) -> None:
    views = [CheckpointView(one) for one in listed if one.entry.name != "osan.rooms"]
    overview = Overview.of(views)
    assert overview is not None
    assert overview.columns == ("moods", "rooms")
    cells = {
        row.method: [cell and (cell.text, cell.is_best, cell.is_worse) for cell in row.cells] for row in overview.rows
    }
    # Means over seeds, which are .02 below the checkpoints' own.
    assert cells == {
        "osan": [("0.280", False, True), None],
        "rna-uda": [("0.580", True, False), ("0.680", True, False)],
    }
    assert Overview.of(views[:1]) is None


def test_bars_stand_on_an_axis_that_holds_all_of_them() -> None:
    chart = make_drop_chart(make_metrics(Words(), 0.5, 0.4, higher_is_better=True).tasks["mood"])
    assert chart is not None
    first = chart.bars[0]
    assert (first.names, first.text) == (("face", "voice"), "0.500")
    assert (first.start, first.length) == pytest.approx((0.0, 50.0))
    assert first.whisker == pytest.approx((43.0, 53.0))
    assert (chart.floor, chart.seeds) == (pytest.approx(40.0), 3)
    errors = make_metrics(Words(), 2.0, 4.0, higher_is_better=False).tasks["mood"]
    chart = make_drop_chart(errors)
    assert chart is not None
    assert (chart.floor, chart.bars[0].length) == (pytest.approx(100.0), pytest.approx(50.0))
    assert make_drop_chart(attrs.evolve(errors, drop={})) is None


def test_bars_of_negative_and_of_huge_scores_stay_on_the_axis() -> None:
    metrics = make_metrics(Words(), 0.5, 0.4, higher_is_better=True).tasks["mood"]
    drop = {"face+voice": Score(1e308, 1e308, 1e308, 2), "face": Score(-1e308, -1e308, None, 1)}
    chart = make_drop_chart(attrs.evolve(metrics, drop=drop))
    assert chart is not None
    high, low = chart.bars
    assert (high.start, high.length, high.whisker) == (pytest.approx(50.0), pytest.approx(50.0), None)
    assert (low.start, low.length) == pytest.approx((0.0, 50.0))


def places(path: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)", path)]


def test_every_sample_is_a_mark_of_its_class_and_side() -> None:
    points = [Point(0, 0, "source", "b"), Point(1, 2, "source", "a"), Point(0.5, 0, "target", "a")]
    scatter = draw_scatter(points, most=10, reach=5)
    assert scatter is not None
    assert [key.name for key in scatter.keys] == ["a", "b"]
    found = {(marks.side, marks.colour): places(marks.path) for marks in scatter.marks}
    assert found.keys() == {("source", 0), ("source", 1), ("target", 0)}
    ((xa, ya),), ((xb, yb),), ((xt, yt),) = found["source", 0], found["source", 1], found["target", 0]
    # y grows upwards, both axes have one scale, and the target's lies halfway.
    assert ya < yb
    assert abs((yb - ya) - 2 * (xa - xb)) <= 2
    assert (abs(2 * xt - xa - xb) <= 2, yt) == (True, yb)
    assert {(badge.number, badge.x, badge.y) for badge in scatter.badges} == {(1, xa, ya), (2, xb, yb)}


def test_many_samples_and_classes_are_drawn_in_part() -> None:
    points = [Point(number, -number, "target", f"{number % 15:02}") for number in range(900)]
    scatter = draw_scatter(points, most=60, reach=5)
    assert scatter is not None
    assert sum(len(places(marks.path)) for marks in scatter.marks) == 60
    assert [key.number for key in scatter.keys] == [*range(len(SERIES)), -1]
    assert scatter.keys[-1].name == "5 further classes"
    assert "60 target samples" in scatter.words


@pytest.mark.parametrize(
    "points", [[(0.0, 0.0)], [(3.0, 3.0)] * 3, [(1e308, -1e308), (-1e308, 1e308)], [(0.0, 5e-324)]]
)
def test_any_points_have_a_place(points: list[tuple[float, float]]) -> None:
    scatter = draw_scatter([Point(x, y, "source", "a") for x, y in points], most=10, reach=5)
    assert scatter is not None
    found = [place for marks in scatter.marks for place in places(marks.path)]
    assert len(found) == len(points)
    assert all(0 <= x <= SIZE and 0 <= y <= SIZE for x, y in found)


def test_without_points_there_is_no_picture() -> None:
    assert draw_scatter([], most=10, reach=5) is None
    assert draw_scatter([Point(0, 0, "elsewhere", "a")], most=10, reach=5) is None


def test_numbers_of_classes_do_not_cover_each_other() -> None:
    generator = np.random.default_rng(0)
    points = [Point(*generator.normal(0, 1, 2).tolist(), "source", f"{number % 3}") for number in range(90)]
    scatter = draw_scatter([*points, Point(50, 50, "source", "far")], most=200, reach=5, classes=["far", "2", "1"])
    assert scatter is not None
    assert [key.name for key in scatter.keys] == ["far", "2", "1", "0"]
    badges = {badge.number: (badge.x, badge.y) for badge in scatter.badges}
    assert badges[1] == max(badges.values())
    far = [abs(a - c) + abs(b - d) for (a, b), (c, d) in combinations(badges.values(), 2)]
    assert min(far) > 20
    by_class = {marks.colour + 1: places(marks.path) for marks in scatter.marks}
    assert all(place in by_class[number] for number, place in badges.items())
