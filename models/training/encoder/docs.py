"""Cuts Markdown pages into the pieces that a search finds: a section, or a part of one, under its headings.

`models/search-docs.ts` cuts the same way when it searches.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PIECE_WORDS_MAX = 90


@dataclass
class Piece:
    page: str
    headings: str
    text: str

    @property
    def searched(self) -> str:
        return f"{self.headings}\n{self.text}"


def cut_page(page: str, markdown: str) -> list[Piece]:
    pieces: list[Piece] = []
    path: list[str] = []
    lines: list[str] = []
    fenced = False

    def finish() -> None:
        text = "\n".join(lines).strip()
        lines.clear()
        if text:
            pieces.append(Piece(page, " › ".join(path), text))

    for line in markdown.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        heading = None if fenced else re.match(r"(#{1,4}) (.*)", line)
        if heading:
            finish()
            path[len(heading[1]) - 1 :] = [heading[2]]
            continue
        if sum(len(one.split()) for one in lines) > PIECE_WORDS_MAX:
            finish()
        lines.append(line)
    finish()
    return pieces


def read_pieces(repository: Path, pages: list[str]) -> list[Piece]:
    return [piece for page in pages for piece in cut_page(page, (repository / page).read_text())]


def find_pages(repository: Path) -> list[str]:
    """What a reader of the documentation reads: the pages at the root, in docs/, and about the benchmark and the models."""
    found = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md"), repository / "bench/README.md", *(repository / "models").glob("*/README.md")]
    return sorted(str(path.relative_to(repository)) for path in found)
