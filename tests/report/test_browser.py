"""The page in a browser: it loads in silence, asks for nothing, fits, and its pictures show something."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium is on the path")]

LOOK = """
<script>
async function look() {
  const pictures = [];
  for (const image of document.images) {
    await image.decode();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    [canvas.width, canvas.height] = [120, 120];
    context.drawImage(image, 0, 0, 120, 120);
    const pixels = new Uint32Array(context.getImageData(0, 0, 120, 120).data.buffer);
    pictures.push({words: image.alt, width: image.naturalWidth, shown: image.clientWidth, tones: new Set(pixels).size});
  }
  const asked = performance.getEntriesByType("resource").map(entry => entry.name);
  const page = document.documentElement;
  const found = {pictures, asked, title: document.title, room: page.clientWidth, width: page.scrollWidth};
  document.body.innerHTML = "";
  document.body.append(JSON.stringify(found));
}
look();
</script>
"""


def browse(page: Path, *options: str, width: int = 1280) -> subprocess.CompletedProcess[str]:
    """Open a page; what it writes to its console, and what the browser refuses, goes to standard error."""
    command = [
        str(CHROMIUM),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"),
        *(f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},2000", "--virtual-time-budget=20000"),
        *(*options, page.as_uri()),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def console(found: subprocess.CompletedProcess[str]) -> list[str]:
    """What a page wrote, or was refused."""
    return [line for line in found.stderr.splitlines() if ":CONSOLE" in line]


def look(page: Path, folder: Path, width: int = 1280) -> dict[str, Any]:
    """What a browser finds on a page, by a script that the page itself does not have, nor would allow."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", page.read_text())
    copy = folder / "look.html"
    copy.write_text(text.replace("</body>", f"{LOOK}</body>"))
    dom = browse(copy, "--dump-dom", width=width).stdout
    found: dict[str, Any] = json.loads(unescape(dom[dom.index("{") : dom.rindex("}") + 1].rpartition("<body>")[2]))
    return found


@pytest.fixture
def copied(page: Path, tmp_path: Path) -> Path:
    """The page in a folder of its own, where the browser may leave its profile."""
    return Path(shutil.copy(page, tmp_path / "page.html"))


def test_it_loads_in_silence(copied: Path) -> None:
    found = browse(copied, "--dump-dom")
    assert "<h2>Confusion matrices</h2>" in found.stdout
    assert console(found) == []


def test_what_would_ask_the_network_is_refused_and_seen(copied: Path) -> None:
    copied.write_text(copied.read_text().replace("</body>", '<img src="http://localhost:9/x.png" alt=""></body>'))
    (line,) = console(browse(copied, "--dump-dom"))
    assert "http://localhost:9/x.png" in line


@pytest.mark.parametrize("width", [1280, 500])
def test_pictures_show_something_and_nothing_is_asked_for(width: int, copied: Path, tmp_path: Path) -> None:
    found = look(copied, tmp_path, width)
    assert found["title"].startswith("boomda: here")
    assert [name for name in found["asked"] if not name.startswith("data:")] == []
    assert len(found["pictures"]) > 25
    for picture in found["pictures"]:
        assert picture["width"] > 0, picture
        assert picture["shown"] > 100, picture
        assert picture["tones"] > 5, picture
    assert found["width"] <= found["room"] <= width


def test_a_look_sees_what_is_asked_for(copied: Path, tmp_path: Path) -> None:
    copied.write_text(
        copied.read_text().replace("</head>", '<link rel="stylesheet" href="http://localhost:9/x.css"></head>')
    )
    assert look(copied, tmp_path)["asked"] == ["http://localhost:9/x.css"]


def test_it_is_light_or_dark_as_the_reader_prefers(copied: Path, tmp_path: Path) -> None:
    tones = {}
    for name, number in (("dark", 0), ("light", 1)):
        out = tmp_path / f"{name}.png"
        browse(copied, f"--screenshot={out}", f"--blink-settings=preferredColorScheme={number}")
        pixels = np.asarray(Image.open(out).convert("L"), dtype=float)
        assert pixels.std() > 10
        tones[name] = float(np.median(pixels))
    assert tones["dark"] < 60
    assert tones["light"] > 200
