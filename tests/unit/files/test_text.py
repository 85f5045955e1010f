"""Users' text files, read or refused with a sentence."""

import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.files.text import path_exists, read_text


def test_text_is_read_without_a_spreadsheets_mark(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfgroup,\xce\xbb\n")
    assert read_text(path) == "group,\u03bb\n"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a\0b"])
def test_what_is_no_text_is_refused_by_name(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="table.csv: is no table$"):
        read_text(path, "is no table")
    with pytest.raises(InputError, match="nowhere: no such file"):
        read_text(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path)


def test_names_that_no_file_can_have_do_not_exist(tmp_path):
    assert path_exists(tmp_path)
    assert not path_exists(tmp_path / "nowhere")
    assert not path_exists("a\0b")
    assert not path_exists("x" * 10**5)
