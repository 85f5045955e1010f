"""FitSNAP's JSON files, in folders and tars."""

import io
import json
import math
import tarfile
from pathlib import Path

import numpy as np
import pytest
from bad_input import JUNK, OWNED, frame, half, json_text, pickled
from training_files import GROUPS, fitsnap_entry, fitsnap_text, same_configurations

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.training_data import read_group


def pack(folder, path, mode):
    with tarfile.open(path, mode) as tar:
        tar.add(folder, arcname=folder.name)
    return path


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar", "w"), ("a.tar.xz", "w:xz"), ("a.tgz", "w:gz"), ("a.tbz2", "w:bz2")]
)
def test_tar_equals_folder(folder, tmp_path, name, mode):
    packed = pack(folder, tmp_path / name, mode)
    for group in GROUPS:
        same_configurations(
            read_group(packed, group, GROUPS, "W"), read_group(folder, group, GROUPS, "W")
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "json"])


def test_kilobar_is_converted(calculations, tmp_path):
    member = calculations["bulk"][0]
    for group, factor, style in (("bar", 1, "bar"), ("kbar", 1000, "kB")):
        entry = fitsnap_entry(*member)
        entry["Stress"] = (np.array(entry["Stress"]) / factor).tolist()
        (tmp_path / group).mkdir()
        (tmp_path / group / "0.json").write_text(fitsnap_text(entry, StressStyle=style))
    same_configurations(
        *(read_group(tmp_path, group, ["bar", "kbar"], "W") for group in ("bar", "kbar"))
    )


def spoil(**changes):
    """An edit of one entry; a value of None removes the key."""

    def edit(folder):
        path = folder / "vacancy" / "1.json"
        entry = json.loads(path.read_text().split("\n", 1)[1])["Dataset"]["Data"][0]
        entry.update(changes)
        entry = {key: value for key, value in entry.items() if value is not None}
        path.write_text(fitsnap_text(entry))

    return edit


def cut_file(folder):
    path = folder / "vacancy" / "1.json"
    path.write_text(path.read_text()[:-100])


def write_file(text):
    return lambda folder: (folder / "vacancy" / "1.json").write_text(text)


BAD_FILES = {
    "truncated": (cut_file, "not complete JSON"),
    "no dataset": (write_file('# x\n{"Data": []}'), "not FitSNAP JSON"),
    "a list": (write_file("[]"), "not FitSNAP JSON"),
    "no configurations": (write_file('{"Dataset": {"Data": []}}'), "no configurations"),
    "binary": (lambda folder: (folder / "vacancy/1.json").write_bytes(b"\xff\xfe"), "JSON"),
    "unit": (
        lambda folder: (folder / "vacancy/1.json").write_text(fitsnap_text({}, EnergyStyle="Ry")),
        "EnergyStyle 'Ry'",
    ),
    "no forces": (spoil(Forces=None), "lacks Forces"),
    "forces of wrong shape": (spoil(Forces=[[0.0, 0.0, 0.0]]), r"Forces has the shape \(1, 3\)"),
    "ragged forces": (spoil(Forces=[[0.0], [0.0, 1.0]]), "Forces is not an array"),
    "NaN energy": (spoil(Energy=float("nan")), "Energy holds a number that is not finite"),
    "infinite stress": (spoil(Stress=[[float("inf")] * 3] * 3), "Stress holds a number"),
    "asymmetric stress": (spoil(Stress=[[1, 2, 3], [4, 5, 6], [7, 8, 9]]), "symmetric"),
    "flat cell": (spoil(Lattice=[[1, 0, 0], [2, 0, 0], [0, 0, 1]]), "no volume"),
    "atoms missing": (spoil(NumAtoms=4), "NumAtoms is 4, AtomTypes has 15"),
    "no such element": (spoil(AtomTypes=["Xx"] * 14 + ["W"]), "holds Xx, not an element"),
    "types are no list": (spoil(AtomTypes=4), "AtomTypes is not a list"),
    "wrong element": (spoil(AtomTypes=["Be"] + ["W"] * 14), "holds Be, but the potential"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_named(folder, name):
    edit, message = BAD_FILES[name]
    edit(folder)
    with pytest.raises(InputError, match=message) as raised:
        read_group(folder, "vacancy", GROUPS, "W")
    assert "1.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_damaged_tar(folder, tmp_path):
    plain = pack(folder, tmp_path / "a.tar", "w").read_bytes()
    packed = pack(folder, tmp_path / "a.tar.xz", "w:xz").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as tar:
        # A tar cut where a member begins looks complete to the tarfile module.
        boundary = tar.getmembers()[-1].offset
    for name, data in {
        "b.tar": plain[:boundary],
        "c.tar": plain[: boundary + 100],
        "d.tar": plain[: boundary + 700],
        "e.tar.xz": packed[: len(packed) // 2],
        "f.tar.gz": b"nothing",
        "g.tar": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name}: is not a complete tar"):
            read_group(tmp_path / name, "vacancy", GROUPS, "W")


def test_tar_is_not_unpacked(tmp_path, folder):
    """Members with paths that point elsewhere, and links, are never written or followed."""
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(folder, arcname="json")
        evil = tarfile.TarInfo("../../bulk/evil.json")
        evil.size = 2
        tar.addfile(evil, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("json/vacancy/link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    assert len(read_group(tmp_path / "a.tar", "vacancy", GROUPS, "W")) == 3
    with pytest.raises(InputError, match=r"evil\.json: is not FitSNAP"):
        read_group(tmp_path / "a.tar", "bulk", GROUPS, "W")
    assert sorted(tmp_path.rglob("*")) == before


# Training data, read by jobs.
DATA = {
    "empty": ("", "0.json: is not complete JSON"),
    "truncated": (half(json_text()), "0.json: is not complete JSON, it is truncated or damaged"),
    "junk": (JUNK, "0.json: is not complete JSON"),
    "a pickle": (pickled, "0.json: is not complete JSON"),
    "of another kind": ("[1, 2]", "0.json: is not FitSNAP JSON"),
    "another element": (
        json_text(AtomTypes=["W", "Ta"]),
        "0.json: holds Ta, but the potential is for W alone",
    ),
    "a command for an element": (
        json_text(AtomTypes=["W", "shell touch owned"]),
        "0.json: AtomTypes holds shell touch owned, not an element",
    ),
    "a wrong count": (json_text(NumAtoms=3), "0.json: NumAtoms is 3, AtomTypes has 2 entries"),
    "NaN": (json_text(Energy=math.nan), "0.json: Energy holds a number that is not finite"),
    "infinite": (
        json_text(Forces=[[0, 0, math.inf], [0, 0, 0]]),
        "0.json: Forces holds a number that is not finite",
    ),
    "a force too few": (
        json_text(Forces=[[0, 0, 0]]),
        "0.json: Forces has the shape (1, 3), expected (2, 3)",
    ),
    "a flat cell": (json_text(Lattice=np.zeros((3, 3)).tolist()), "the cell has no volume"),
    "other units": (
        json.dumps({"Dataset": {"Data": [frame()], "EnergyStyle": "kcalpermole"}}),
        "0.json: EnergyStyle 'kcalpermole' is not supported, use electronvolt",
    ),
    "no energy": (
        json.dumps({"Dataset": {"Data": [{k: v for k, v in frame().items() if k != "Energy"}]}}),
        "0.json: lacks Energy",
    ),
}


@pytest.mark.parametrize("case", DATA)
def test_bad_training_data_is_refused_by_name(input_folder, case):
    content, phrase = DATA[case]
    content = content() if callable(content) else content
    path = input_folder / "training/bulk/0.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        read_group("training", "bulk", read_weights("weights.csv"), "W")
    assert phrase in str(error.value)
    assert "\n" not in str(error.value)
    assert not Path(OWNED).exists()
