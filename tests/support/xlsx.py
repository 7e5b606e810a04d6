# SPDX-License-Identifier: Apache-2.0
"""Cells of a workbook's sheets, for tests: xlsx.py FILE prints sheet, cell, number format, formula, value."""

import re
import sys
import xml.etree.ElementTree as ET
import zipfile

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BUILT_IN = {0: "General", 3: "#,##0", 4: "#,##0.00", 14: "date"}


def cells(path):
    """Yields (sheet, cell, format, formula, value); first ("Sheet", "frozen", row, column, None)."""
    with zipfile.ZipFile(path) as z:
        assert all(i.date_time == (1980, 1, 1, 0, 0, 0) for i in z.infolist()), "times of the archive"
        texts = []
        if "xl/sharedStrings.xml" in z.namelist():
            texts = ["".join(t.itertext()) for t in ET.fromstring(z.read("xl/sharedStrings.xml"))]
        styles = ET.fromstring(z.read("xl/styles.xml"))
        own = {int(f.get("numFmtId")): f.get("formatCode") for f in styles.iter(M + "numFmt")}
        formats = [own.get(int(x.get("numFmtId")), BUILT_IN.get(int(x.get("numFmtId")), "?"))
                   for x in styles.find(M + "cellXfs")]
        book = ET.fromstring(z.read("xl/workbook.xml"))
        for n, sheet in enumerate(book.iter(M + "sheet"), 1):
            root = ET.fromstring(z.read(f"xl/worksheets/sheet{n}.xml"))
            for pane in root.iter(M + "pane"):
                yield sheet.get("name"), "frozen", pane.get("ySplit"), pane.get("state"), None
            for c in root.iter(M + "c"):
                value, formula = c.find(M + "v"), c.find(M + "f")
                text = "" if value is None else value.text
                if c.get("t") == "s":
                    text = texts[int(text)]
                yield (sheet.get("name"), c.get("r"), formats[int(c.get("s", 0))],
                       "" if formula is None else formula.text, text)


def rows(path, sheet):
    """The rows of a sheet, as {column title: value}; the last one may be the totals."""
    grid = {}
    for name, cell, *_, value in cells(path):
        if name == sheet and cell != "frozen":
            column, row = re.fullmatch(r"([A-Z]+)(\d+)", cell).groups()
            grid.setdefault(int(row), {})[column] = value
    titles = grid.pop(1)
    return [{titles[c]: v for c, v in grid[r].items()} for r in sorted(grid)]


if __name__ == "__main__":
    for row in cells(sys.argv[1]):
        print(*("" if c is None else c for c in row), sep="\t")
