"""Extended XYZ as others write it: keys, units of stress, virials, open frames, a file a group."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from bad_input import JUNK, OWNED, pickled
from training_files import GROUPS

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.extended_xyz import XyzKeys
from relaxdiff.posterior.training_data import check_groups, read_group, read_group_and_count
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, GPA, VOIGT

ENERGY, FORCES = "REF_energy", "REF_forces"


def frames_of(members, group="bulk", stress=None):
    """Frames whose keys ASE does not know; stress: function of the stress and volume to info."""
    frames = []
    for atoms, energy, forces, tensor in members:
        frame = atoms.copy()
        frame.info |= {"config_type": group, ENERGY: energy}
        frame.info |= stress(tensor, atoms.get_volume()) if stress else {}
        frame.arrays[FORCES] = forces
        frames.append(frame)
    return frames


def voigt(tensor):
    return np.array([tensor[ij] for ij in VOIGT])


# How a file may give the stress, and what the config says of it.
STRESSES = {
    "matrix": (lambda s, v: {"REF_stress": s}, {"stress_key": "REF_stress"}),
    "six components": (lambda s, v: {"REF_stress": voigt(s)}, {"stress_key": "REF_stress"}),
    "as ASE": (lambda s, v: {"stress": s}, {}),
    "GPa": (lambda s, v: {"stress": s * GPA}, {"stress_unit": "GPa"}),
    "bar, compression": (
        lambda s, v: {"stress": -s * BAR_PER_EV_PER_CUBIC_ANGSTROM},
        {"stress_unit": "-bar"},
    ),
    "kbar, compression": (
        lambda s, v: {"dft": -s * BAR_PER_EV_PER_CUBIC_ANGSTROM / 1000},
        {"stress_key": "dft", "stress_unit": "-kbar"},
    ),
    "virial": (lambda s, v: {"virial": -s * v}, {}),
    "virials": (lambda s, v: {"virials": -s * v}, {}),
    "another virial": (lambda s, v: {"REF_virial": -s * v}, {"stress_key": "REF_virial"}),
    "six of a virial": (lambda s, v: {"DFTVirial": voigt(-s * v)}, {"stress_key": "DFTVirial"}),
    "stress before virial": (lambda s, v: {"stress": s, "virial": 7 * s}, {}),
}


@pytest.mark.parametrize("case", STRESSES)
def test_stresses_and_other_names(calculations, tmp_path, case):
    stress, keys = STRESSES[case]
    members = calculations["bulk"]
    ase.io.write(tmp_path / "set.xyz", frames_of(members, stress=stress), format="extxyz")
    keys = XyzKeys(energy_key=ENERGY, forces_key=FORCES, **keys)
    found = read_group(tmp_path / "set.xyz", "bulk", ["bulk"], "W", keys)
    for configuration, (_, energy, forces, tensor) in zip(found, members, strict=True):
        assert configuration.energy == pytest.approx(energy, abs=1e-6)
        np.testing.assert_allclose(configuration.forces, forces, atol=1e-6)
        np.testing.assert_allclose(configuration.stress, tensor, rtol=1e-5, atol=1e-7)


def test_a_unit_is_for_stresses_alone(calculations, tmp_path):
    frames = frames_of(calculations["bulk"], stress=lambda s, v: {"virial": -s * v})
    ase.io.write(tmp_path / "set.xyz", frames, format="extxyz")
    keys = XyzKeys(ENERGY, FORCES, stress_unit="GPa")
    with pytest.raises(InputError, match=r"virial is a virial, in eV: .*stress_unit"):
        read_group(tmp_path / "set.xyz", "bulk", ["bulk"], "W", keys)


def test_keys_that_are_called_otherwise_are_named(calculations, tmp_path):
    path = tmp_path / "set.xyz"
    ase.io.write(path, frames_of(calculations["bulk"]), format="extxyz")
    with pytest.raises(InputError, match=r"\[0\]: has no energy; it has .*REF_energy.*energy_key"):
        read_group(path, "bulk", ["bulk"], "W")
    with pytest.raises(InputError, match=r"has no forces; it has REF_forces: .*forces_key"):
        read_group(path, "bulk", ["bulk"], "W", XyzKeys(ENERGY))
    with pytest.raises(InputError, match=r"has no dft_forces; it has .*REF_forces"):
        read_group(path, "bulk", ["bulk"], "W", XyzKeys(ENERGY, "dft_forces"))
    with pytest.raises(InputError, match="REF_forces has the shape"):
        read_group(path, "bulk", ["bulk"], "W", XyzKeys(FORCES))


def test_frames_without_forces_have_none(tmp_path):
    atoms = Atoms("W", cell=[3, 3, 3], pbc=True, info={"energy": -9.0, "config_type": "bulk"})
    ase.io.write(tmp_path / "set.xyz", atoms, format="extxyz")
    (only,) = read_group(tmp_path / "set.xyz", "bulk", ["bulk"], "W")
    assert only.forces is None
    assert only.stress is None


def test_open_frames_are_skipped_and_counted(calculations, tmp_path):
    frames = frames_of(calculations["bulk"])
    open_frame = frames[0].copy()
    open_frame.pbc = (True, True, False)
    lonely = Atoms("W", info={"config_type": "isolated", ENERGY: -3.0})
    lonely.arrays[FORCES] = np.zeros((1, 3))
    frames[1:1] = [open_frame, lonely]
    path = tmp_path / "set.xyz"
    ase.io.write(path, frames, format="extxyz")
    groups, keys = ["bulk", "isolated"], XyzKeys(ENERGY, FORCES)
    found, skipped = read_group_and_count(path, "bulk", groups, "W", keys)
    assert (len(found), skipped) == (len(calculations["bulk"]), 1)
    assert [each.name[-3:] for each in found[:2]] == ["[0]", "[3]"]
    assert read_group_and_count(path, "isolated", groups, "W", keys) == ([], 1)


@pytest.fixture
def xyz_folder(calculations, tmp_path):
    """A file for each group, without config_type; one of them .extxyz."""
    (tmp_path / "xyz").mkdir()
    for group, suffix in zip(GROUPS, ("xyz", "extxyz"), strict=True):
        frames = frames_of(calculations[group])
        for frame in frames:
            del frame.info["config_type"]
        ase.io.write(tmp_path / "xyz" / f"{group}.{suffix}", frames, format="extxyz")
    return tmp_path / "xyz"


def test_a_folder_has_a_file_for_each_group(calculations, xyz_folder):
    keys = XyzKeys(ENERGY, FORCES)
    for group in GROUPS:
        found = read_group(xyz_folder, group, GROUPS, "W", keys)
        energies = [member[1] for member in calculations[group]]
        np.testing.assert_allclose([each.energy for each in found], energies, atol=1e-6)
    check_groups(xyz_folder, GROUPS, keys)
    with pytest.raises(InputError, match="no group surface, which .* it has bulk, vacancy"):
        check_groups(xyz_folder, [*GROUPS, "surface"])
    with pytest.raises(InputError, match="no line for vacancy"):
        read_group(xyz_folder, "bulk", ["bulk"], "W", keys)
    (xyz_folder / "bulk.extxyz").write_text("")
    with pytest.raises(InputError, match=r"bulk\.extxyz and bulk\.xyz are both the group bulk"):
        check_groups(xyz_folder, GROUPS)


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "run1").mkdir()
    (tmp_path / "run1" / "OUTCAR").write_text("vasp")
    for look in (check_groups, lambda data, groups: read_group(data, "bulk", groups, "W")):
        with pytest.raises(InputError, match=r"neither \.json nor \.xyz .* VASP"):
            look(tmp_path, ["bulk"])


def test_keys_of_xyz_are_not_for_json(folder):
    with pytest.raises(InputError, match="is FitSNAP JSON, .* leave stress_unit null"):
        check_groups(folder, GROUPS, XyzKeys(stress_unit="GPa"))
    with pytest.raises(InputError, match="is FitSNAP JSON, .* leave energy_key null"):
        read_group(folder, "bulk", GROUPS, "W", XyzKeys(energy_key=ENERGY))


FRAMES = '2\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3:forces:R:3 {}\n{}'


ATOM = "W 0 0 0 0 0 0\nW 1.5 1.5 1.5 0 0 0\n"


LABELS = 'energy=-17.0 config_type=bulk pbc="T T T"'


XYZ = {
    "empty": ("", "data.xyz"),
    "truncated": (FRAMES.format(LABELS, ATOM)[:-30], "data.xyz: is not complete extended XYZ"),
    "junk": (JUNK, "data.xyz: is not complete extended XYZ"),
    "a pickle": (pickled, "data.xyz: is not complete extended XYZ"),
    "no group": (
        FRAMES.format('energy=-17.0 pbc="T T T"', ATOM),
        "data.xyz[0]: has no config_type, which names the group",
    ),
    "no energy": (
        FRAMES.format('config_type=bulk pbc="T T T"', ATOM),
        "data.xyz[0]: has no energy",
    ),
    "NaN": (
        FRAMES.format(LABELS, ATOM.replace("W 0 0 0 0", "W 0 0 0 nan")),
        "data.xyz[0]: forces holds a number that is not finite",
    ),
    "open": (FRAMES.format(LABELS.replace("T T T", "T T F"), ATOM), "data.xyz[0]: must be period"),
    "another group": (
        FRAMES.format(LABELS.replace("bulk", "liquid"), ATOM),
        "data.xyz: has no group bulk, which the table of weights names; it has liquid",
    ),
}


@pytest.mark.parametrize("case", XYZ)
def test_bad_extended_xyz_is_refused_by_name(input_folder, case):
    content, phrase = XYZ[case]
    content = content() if callable(content) else content
    (input_folder / "data.xyz").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    with pytest.raises(InputError) as error:
        read_group("data.xyz", "bulk", ["bulk"], "W")
    assert phrase in str(error.value)
    assert "\n" not in str(error.value)
    assert not Path(OWNED).exists()
