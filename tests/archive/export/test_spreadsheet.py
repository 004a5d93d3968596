"""LibreOffice shows every cell of a CSV as it was exported: marks, quotes, lines, and no formula."""

import csv
import shutil
import subprocess
import unicodedata
from xml.etree import ElementTree as ET

import pytest

from archive.export.run import export
from archive.export.selection import Selection
from archive.publish import publish
from archive.snapshot import newest_snapshot

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice Calc is not installed (libreoffice-calc)"
)

#: As in docs/exports.md: comma, quotation mark, UTF-8, from line 1, quoted fields are text.
FILTER = "CSV:44,34,UTF8,1,,0,true"
TITLES = (
    'Đại đội "Bến Hải", xã Thuỷ Nguyên; hoà bình',
    "=HYPERLINK(1;2)", "+84 123", "-1", "@SUM(A1)", "＝cmd", "'tên' riêng", "07/06/2024", "007",
    unicodedata.normalize("NFC", "Ằ ẵ ậ Ễ ỗ Ợ ự Ỵ đ Đ ư Ơ") + " – “dân quân” … 𠀀",
)  # fmt: skip
BODY = ("=1+1 mở đầu đoạn.", "Hai  dấu cách, một\ttab.", '"Cả đoạn trong ngoặc kép"')
#: Written again as CSV in UTF-8, as the cells are shown.
AS_TEXT = "csv:Text - txt - csv (StarCalc):44,34,UTF8,1,,0,false,true"
_OFFICE, _TABLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{part}:1.0}}" for part in ("office", "table")
)


@pytest.fixture
def written(store, save, make_accepted, tmp_path):
    save(
        *(make_accepted(title, number=n, body=BODY, published_raw="07/06/2024 07:30")
          for n, title in enumerate(TITLES, start=1))
    )  # fmt: skip
    publish(store.root)
    snapshot = newest_snapshot(store.root)
    return export(snapshot.path, Selection(), format="csv", target=tmp_path / "a.csv").path


def converted(path, kind):
    """The file that LibreOffice makes of the CSV file *path*."""
    out = path.parent / "converted"
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{path.parent}/profile",
         f"--infilter={FILTER}", "--convert-to", kind, "--outdir", out, path],
        check=True, capture_output=True, timeout=200,
    )  # fmt: skip
    return out / f"a.{kind.partition(':')[0]}"


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_every_cell_is_shown_as_it_was_exported(written):
    expected, found = read(written), read(converted(written, AS_TEXT))
    assert len(found) == len(expected) == len(TITLES) + 1
    assert found == expected
    titles = [row[expected[0].index("title")].removeprefix("'") for row in found[1:]]
    assert sorted(titles) == sorted(TITLES)


def test_no_cell_is_a_formula_and_no_text_is_read_as_a_number_or_day(written):
    sheet = ET.parse(converted(written, "fods")).getroot().find(f".//{_TABLE}table")
    cells = list(sheet.iter(f"{_TABLE}table-cell"))
    assert len(cells) > len(TITLES)
    assert [x for x in cells if x.get(f"{_TABLE}formula")] == []
    assert {x.get(f"{_OFFICE}value-type") for x in cells} == {"string", "float", None}
    texts = {
        "".join(x.itertext()).strip() for x in cells if x.get(f"{_OFFICE}value-type") == "string"
    }
    assert {"007", "07/06/2024", "07/06/2024 07:30", "2024-03"} <= texts
