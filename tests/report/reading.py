"""What stands on a page, read back from its HTML."""

import base64
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

Table = tuple[list[str], dict[str, list[str]]]


def read_tables(page: Path) -> dict[str, list[Table]]:
    """Heads, and cells by the row's name, of each table, by the heading of its section."""
    sections = re.findall(r"<section.*?<h2>(.*?)</h2>(.*?)</section>", page.read_text(), re.DOTALL)
    return {
        title: [_read_table(table) for table in re.findall(r"<table>(.*?)</table>", body, re.DOTALL)]
        for title, body in sections
    }


def _read_table(html: str) -> Table:
    rows = [[unescape(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)] for row in html.split("</tr>")]
    has_heads = "<thead>" in html
    return rows[0][1:] if has_heads else [], {row[0]: row[1:] for row in rows[has_heads:] if row}


def read_pictures(page: Path) -> dict[str, str]:
    """SVG of each picture, by what it shows in words."""
    found = re.findall(r'<img src="data:image/svg\+xml;base64,(.*?)" alt="(.*?)">', page.read_text())
    return {unescape(words): base64.b64decode(data).decode() for data, words in found}


def texts(svg: str) -> list[str]:
    """What is written in a picture. Raises where it is not well-formed."""
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours


def oracle_titles(page: Path) -> list[str]:
    """What is marked as using labels of the target, but for the footer, which says what the mark means."""
    body = page.read_text().partition("<footer>")[0]
    return [unescape(title).strip() for title in re.findall(r">([^<>]*)<abbr class=\"oracle\"", body)]
