"""A CSV file as a page: rows to read, and the file itself in it."""

import base64
import re

from relaxdiff.statistics.table_page import table_page

TEXT = (
    "level,mean_abs_error,variants,units\nh+ih,0.123456789,20413,eV\na<b,,12,\na_group_,1e-5,7,eV\n"
)


def test_rows_are_there_with_readable_numbers():
    page = table_page("errors", "errors.csv", TEXT)
    rows = re.findall("<tr>(.*?)</tr>", page)
    words = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert words == [
        ["level", "mean abs error", "variants", "units"],
        ["h+ih", "0.1235", "20,413", "eV"],
        ["a&lt;b", "–", "12", "–"],
        ["a_group_", "1e-05", "7", "eV"],  # names of the user's stay as they are
    ]


def test_the_file_is_in_the_page():
    page = table_page("errors", "errors.csv", TEXT)
    content = re.search(r'download="errors.csv" href="data:text/csv;base64,(.*?)"', page)[1]
    assert base64.b64decode(content).decode() == TEXT
    assert re.findall(r"src=|href=\"http", page) == []


def test_empty_columns_are_left_out_and_a_file_without_rows_keeps_its_head():
    assert "note" not in table_page("t", "t.csv", "a,note\n1,\n2,\n").split("</a>")[1]
    assert '<th scope="col">note</th>' in table_page("t", "t.csv", "a,note\n")
