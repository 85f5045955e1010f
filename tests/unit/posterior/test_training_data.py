"""Reading training data, and design rows that give back a known potential."""

import io
import json
import tarfile

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from relaxdiff.exceptions import InputError
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.design import build_design, held_out, snap_hyperparameters
from relaxdiff.posterior.training_data import QUANTITIES, read_group, read_weights
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters
from relaxdiff.potentials.snap.potential import SnapPotential
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT

GROUPS = ("bulk", "vacancy")
WEIGHTS = "group,energy_weight,force_weight,stress_weight\nbulk,1,1,1\nvacancy,1,1,1\n"


def strained(cell, rng):
    """Shaken atoms in a triclinic cell."""
    atoms = cell.copy()
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.uniform(-0.05, 0.05, (3, 3))), True)
    atoms.rattle(0.12, rng=rng)
    return atoms


@pytest.fixture(scope="module")
def calculations(tungsten):
    """Group -> list of (atoms, energy, forces, stress in ASE's sign) of the potential itself."""
    rng = np.random.default_rng(7)
    cells = {
        "bulk": [bulk_cell("W", 3.17, repeats) for repeats in (1, 2, 2, 2)],
        "vacancy": [vacancy_cell("W", 3.19, 2) for _ in range(3)],
    }
    found = {group: [] for group in cells}
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.reference) as calculator:
        for group, members in cells.items():
            for cell in members:
                atoms = strained(cell, rng)
                descriptors = calculator.evaluate(atoms)
                weights = tungsten.weights
                energy = descriptors.values @ weights + len(atoms) * tungsten.energy_shift
                stress = descriptors.strain_gradient @ weights / atoms.get_volume()
                found[group].append((atoms, energy, -descriptors.gradient @ weights, stress))
    return found


def fitsnap_entry(atoms, energy, forces, stress):
    return {
        "Positions": atoms.positions.tolist(),
        "Lattice": atoms.cell.array.tolist(),
        "Energy": float(energy),
        "Forces": forces.tolist(),
        "Stress": (-stress * BAR_PER_EV_PER_CUBIC_ANGSTROM).tolist(),
        "AtomTypes": list(atoms.symbols),
        "NumAtoms": len(atoms),
    }


def fitsnap_text(*entries, **styles):
    return "# comment\n" + json.dumps(
        {"Dataset": {"Data": entries, "StressStyle": "bar", **styles}}
    )


@pytest.fixture
def folder(calculations, tmp_path):
    for group, members in calculations.items():
        (tmp_path / "json" / group).mkdir(parents=True)
        for index, member in enumerate(members):
            path = tmp_path / "json" / group / f"{index}.json"
            path.write_text(fitsnap_text(fitsnap_entry(*member)))
    return tmp_path / "json"


def pack(folder, path, mode):
    with tarfile.open(path, mode) as tar:
        tar.add(folder, arcname=folder.name)
    return path


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


def solve(designs):
    """Least squares over all rows, columns scaled; stresses made comparable to forces."""
    scale = {"energy": 100.0, "force": 1.0, "stress": 1e-4}
    rows = np.concatenate([scale[q] * d[f"{q}_design"].values for d in designs for q in QUANTITIES])
    target = np.concatenate(
        [scale[q] * d[f"{q}_target"].values for d in designs for q in QUANTITIES]
    )
    norm = np.linalg.norm(rows, axis=0)
    return np.linalg.lstsq(rows / norm, target, rcond=None)[0] / norm


def test_coefficients_are_recovered(folder, tungsten):
    designs = [
        build_design(
            read_group(folder, group, GROUPS, "W"),
            group,
            tungsten.hyperparameters,
            tungsten.reference,
        )
        for group in GROUPS
    ]
    found = solve(designs)
    # bzeroflag is 0 in this tungsten: beta_0 and the constant parts of the descriptors are told
    # apart by forces and stresses alone.
    np.testing.assert_allclose(found[1:], tungsten.theta, rtol=0, atol=1e-7)
    assert found[0] == pytest.approx(tungsten.energy_shift, abs=1e-5)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_quantity_is_predicted(folder, tungsten, calculations, quantity):
    configurations = read_group(folder, "vacancy", GROUPS, "W")
    design = build_design(configurations, "vacancy", tungsten.hyperparameters, tungsten.reference)
    coefficients = np.append(tungsten.energy_shift, tungsten.theta)
    predicted = design[f"{quantity}_design"].values @ coefficients
    target = design[f"{quantity}_target"].values
    np.testing.assert_allclose(predicted, target, rtol=1e-9, atol=1e-9 * np.abs(target).max())
    per_configuration = {"energy": 1, "force": 3 * 15, "stress": 6}[quantity]
    owner = design[f"{quantity}_configuration"].values
    assert np.bincount(owner).tolist() == [per_configuration] * 3


def test_stress_rows_against_finite_differences():
    """Sign, unit and Voigt order, off-diagonal components included, from energies alone."""
    rng = np.random.default_rng(3)
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    potential = SnapPotential(hyperparameters, rng.normal(size=hyperparameters.n_parameters))
    atoms = strained(bulk_cell("W", 3.1), rng)

    def energy(strain):
        moved = atoms.copy()
        moved.set_cell(atoms.cell.array @ (np.eye(3) + strain).T, scale_atoms=True)
        with DescriptorCalculator(hyperparameters) as calculator:
            return calculator.evaluate(moved).values @ potential.weights

    stress = np.zeros((3, 3))
    for i, j in VOIGT:
        step = np.zeros((3, 3))
        step[i, j] += 5e-5
        step[j, i] += 5e-5
        stress[i, j] = stress[j, i] = (energy(step) - energy(-step)) / (
            4 * 5e-5 * atoms.get_volume()
        )
    stress *= BAR_PER_EV_PER_CUBIC_ANGSTROM
    assert np.abs(stress[np.triu_indices(3, 1)]).min() > 100
    entry = fitsnap_entry(atoms, 0.0, np.zeros((2, 3)), stress / BAR_PER_EV_PER_CUBIC_ANGSTROM)
    design = build_design([_read(entry)], "bulk", hyperparameters)
    predicted = design["stress_design"].values[:, 1:] @ potential.theta
    voigt = [stress[ij] for ij in VOIGT]
    np.testing.assert_allclose(predicted, voigt, atol=1e-6 * np.abs(stress).max())
    np.testing.assert_allclose(design["stress_target"], voigt)


def _read(entry):
    from relaxdiff.posterior.training_data import _parse_json

    return _parse_json(fitsnap_text(entry).encode(), "entry")[0]


def same_configurations(left, right):
    assert len(left) == len(right) > 0
    for one, other in zip(left, right, strict=True):
        for name in ("energy", "forces", "stress"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-7
            )
        np.testing.assert_allclose(one.atoms.positions, other.atoms.positions, atol=1e-7)
        np.testing.assert_allclose(one.atoms.cell.array, other.atoms.cell.array, atol=1e-7)


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


def test_atoms_far_outside_the_cell_are_found(calculations):
    member = calculations["bulk"][1]
    entry = fitsnap_entry(*member)
    entry["Positions"][0] = (np.array(entry["Positions"][0]) + 3 * member[0].cell[2]).tolist()
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    inside, outside = (
        build_design([_read(which)], "bulk", hyperparameters)
        for which in (fitsnap_entry(*member), entry)
    )
    np.testing.assert_allclose(inside["force_design"], outside["force_design"], atol=1e-9)


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


def test_groups_must_match(folder):
    with pytest.raises(InputError, match="no line for bulk"):
        read_group(folder, "vacancy", ["vacancy"], "W")
    with pytest.raises(InputError, match="has no group surface"):
        read_group(folder, "vacancy", [*GROUPS, "surface"], "W")


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


def test_weights(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("# comment\n" + WEIGHTS)
    assert read_weights(path) == {
        group: {"energy": 1.0, "force": 1.0, "stress": 1.0} for group in GROUPS
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line"),
        ("group,weight\nbulk,1\n", "first line"),
        (WEIGHTS.splitlines()[0], "no groups"),
        (WEIGHTS + "bulk,1,1,1\n", "bulk stands there twice"),
        (WEIGHTS + "surface,1,1\n", "group surface needs 4 columns"),
        (WEIGHTS + "surface,1,1,1,1\n", "group surface needs 4 columns"),
        (WEIGHTS + "surface,1,-1,1\n", "weight of group surface is '-1'"),
        (WEIGHTS + "surface,1,nan,1\n", "weight of group surface is 'nan'"),
        (WEIGHTS + "surface,1,x,1\n", "weight of group surface is 'x'"),
        (WEIGHTS + "../surface,1,1,1\n", "cannot be the name"),
    ],
)
def test_bad_weights(tmp_path, text, message):
    path = tmp_path / "weights.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_weights(path)
    assert str(path) in str(raised.value)


def test_missing_weights(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_weights(tmp_path / "weights.csv")


def test_held_out_is_a_seeded_share(folder):
    hyperparameters = SnapHyperparameters("W", 2, 4.0)
    design = build_design(read_group(folder, "bulk", GROUPS, "W"), "bulk", hyperparameters)
    chosen = [held_out(design, 0.5, seed) for seed in range(20)]
    assert {int(one.sum()) for one in chosen} == {2}
    assert len({tuple(one) for one in chosen}) > 2
    assert np.array_equal(held_out(design, 0.5, 3), chosen[3])
    assert not held_out(design, 0, 1).any()


def test_cutoff_is_in_angstrom():
    assert snap_hyperparameters("W", 8, 4.73442, 0.99363, 0.0).cutoff == 4.73442
