"""Groups of training data, of whichever files."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from training_files import GROUPS, fitsnap_entry, fitsnap_text, same_configurations

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.design import build_design
from relaxdiff.posterior.training_data import read_group
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters
from relaxdiff.units import VOIGT


def write_xyz(calculations, path, virial):
    frames = []
    for group, members in calculations.items():
        for atoms, energy, forces, stress in members:
            frame = atoms.copy()
            frame.info["config_type"] = group
            results = {"energy": energy, "forces": forces}
            if virial:
                frame.info["virial"] = -stress * atoms.get_volume()
            else:
                results["stress"] = np.array([stress[ij] for ij in VOIGT])
            frame.calc = SinglePointCalculator(frame, **results)
            frames.append(frame)
    ase.io.write(path, frames, format="extxyz")
    return path


@pytest.mark.parametrize("virial", [False, True])
def test_extended_xyz_equals_folder(calculations, folder, tmp_path, virial):
    path = write_xyz(calculations, tmp_path / "train.xyz", virial)
    for group in GROUPS:
        same_configurations(
            read_group(path, group, GROUPS, "W"), read_group(folder, group, GROUPS, "W")
        )


def test_zero_stress_means_none(calculations, tmp_path):
    atoms, energy, forces, stress = calculations["bulk"][0]
    (tmp_path / "bulk").mkdir()
    entries = [fitsnap_entry(atoms, energy, forces, stress * factor) for factor in (0, 1)]
    del entries[1]["NumAtoms"]
    (tmp_path / "bulk" / "two.json").write_text(fitsnap_text(*entries))
    configurations = read_group(tmp_path, "bulk", ["bulk"], "W")
    assert configurations[0].stress is None
    design = build_design(configurations, "bulk", SnapHyperparameters("W", 2, 4.0))
    assert design["stress_configuration"].values.tolist() == [1] * 6
    assert design["energy_design"].values[:, 0].tolist() == [1, 1]
    assert not design["stress_design"].values[:, 0].any()
    none = build_design(configurations[:1], "bulk", SnapHyperparameters("W", 2, 4.0))
    assert none["stress_design"].shape == (0, 6)


def test_groups_must_match(folder):
    with pytest.raises(InputError, match="no line for bulk"):
        read_group(folder, "vacancy", ["vacancy"], "W")
    with pytest.raises(InputError, match="has no group surface"):
        read_group(folder, "vacancy", [*GROUPS, "surface"], "W")


def test_bad_paths(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        read_group(tmp_path / "missing.tar", "bulk", GROUPS, "W")
    (tmp_path / "data.csv").write_text("1")
    with pytest.raises(InputError, match="must be a folder, a tar"):
        read_group(tmp_path / "data.csv", "bulk", GROUPS, "W")


def test_bad_xyz(calculations, tmp_path):
    path = write_xyz(calculations, tmp_path / "train.xyz", virial=False)
    text = path.read_text()
    path.write_text(text[: len(text) - 300])
    with pytest.raises(InputError, match=r"train\.xyz: is not complete"):
        read_group(path, "bulk", GROUPS, "W")
    ase.io.write(path, Atoms("W", cell=[3, 3, 3], pbc=True), format="extxyz")
    with pytest.raises(InputError, match="config_type"):
        read_group(path, "bulk", GROUPS, "W")
    path.write_text(text.replace("energy=", "dft_energy=", 1))
    with pytest.raises(InputError, match=r"train\.xyz\[0\]: has no energy"):
        read_group(path, "bulk", GROUPS, "W")
