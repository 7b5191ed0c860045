"""Formulas: the TeX that a page holds beside its MathML (MathML Core 3.8)."""

from __future__ import annotations

from app.metadata.html.table import START, TokenTable

_TEX = ("\\", "^", "_", "{")


def formula(table: TokenTable, row: int) -> str:
    """TeX of a formula from its annotation or its alternative text; its characters where these need no TeX."""
    tex = (table.attribute(row, "alttext") or "").strip()
    shown: list[str] = []
    at = row + 1
    while at < table.end_of(row):
        if table.kind(at) != START:
            shown.append(table.run(at).strip())
        elif table.name(at) in ("annotation", "annotation-xml"):
            tex = _annotation(table, at) or tex
            at = table.end_of(at)
            continue
        at += 1
    plain = "".join(shown)
    needs_tex = any(mark in tex for mark in _TEX)
    return " ".join(tex.split()) if tex and (needs_tex or not plain) else plain


def _annotation(table: TokenTable, row: int) -> str:
    if "tex" not in (table.attribute(row, "encoding") or "").lower():
        return ""
    return table.text_between(row + 1, table.end_of(row), without=0)
