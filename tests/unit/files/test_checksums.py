"""Files that are no longer what their jobs left are found, with all that was made from them."""

import pytest

from relaxdiff.files.checksums import agrees, damaged_files, forget, record, set_aside


@pytest.fixture
def study(tmp_path):
    """chunk -> truth -> table, and a file beside them."""
    chain = ["chunk", "truth", "table"]
    for name, given in zip([*chain, "beside"], [None, *chain[:2], None], strict=True):
        path = tmp_path / name
        path.write_text(f"the {name}")
        record(path, [tmp_path / given] if given else [])
    return tmp_path


def test_whole_files_agree(study):
    assert damaged_files(study) == []
    assert agrees(study / "chunk")
    assert not agrees(study / "nowhere")
    (study / "unrecorded").write_text("by hand")
    assert agrees(study / "unrecorded")


@pytest.mark.parametrize("text", ["the chun", "the chunK", "the truth", ""])
def test_a_changed_file_and_what_was_made_from_it_are_found(study, text):
    (study / "chunk").write_text(text)
    assert damaged_files(study) == [study / "chunk"]
    assert set_aside([study / "chunk"], study) == [study / "table", study / "truth"]
    names = {path.name for path in study.iterdir()}
    assert names == {"chunk.damaged", "beside", ".checksums"}
    assert damaged_files(study) == []


def test_two_damaged_files_in_a_row_are_both_set_aside(study):
    for name in ("chunk", "truth"):
        (study / name).write_text("broken")
    assert set_aside(damaged_files(study), study) == [study / "table"]
    assert (study / "truth.damaged").read_text() == "broken"


def test_a_file_that_is_being_made_again_has_no_record(study):
    forget(study / "chunk")
    (study / "chunk").write_text("half of the chu")
    assert damaged_files(study) == []


def test_half_a_record_is_none(study):
    (study / ".checksums/chunk.json").write_text('{"sha256": "ab')
    assert damaged_files(study) == []
    assert agrees(study / "chunk")
