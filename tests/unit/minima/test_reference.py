"""The relaxed mean: of every kind of structure, and refused where there is none."""

import pytest
from crystal_study import shipped

from relaxdiff.exceptions import InputError, LeftStructureError, RelaxationError
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima.reference import crystal_of, relax_reference, relaxed_crystal
from relaxdiff.minima.relaxation import relax
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.structures.coordinates import Freedom
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal


@pytest.fixture(scope="module")
def potential():
    """Of tungsten and beryllium, which is not the first."""
    return shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))


def test_references_of_other_crystals_are_refused(potential):
    vacancy = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "fixed"}
    copper = {"element": "Cu", "lattice": "fcc", "lattice_parameter": None}
    with pytest.raises(InputError, match=r"crystal.element is Cu, but .* is for W, Be"):
        relax_reference(potential, copper, vacancy)
    beryllium = {"element": "Be", "lattice": "hcp", "lattice_parameter": 2.8}
    with pytest.raises(RelaxationError, match=r"relaxes to [\d.]+ and [\d.]+ Angstrom, more than"):
        relax_reference(potential, beryllium, vacancy)


VACANCY = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"}


def test_reference_of_another_element_is_refused(tungsten):
    with pytest.raises(InputError, match=r"crystal\.element is Ta"):
        relax_reference(tungsten, {"element": "Ta", "lattice": "bcc"}, VACANCY)


def test_reference_without_minimum_is_refused(tungsten):
    repulsive = tungsten.with_theta(-tungsten.theta)
    with pytest.raises(RelaxationError, match="bcc crystal"):
        relax_reference(repulsive, {"element": "W", "lattice": "bcc"}, VACANCY)


COPPER = {"potential": "Cu_Zuo_JPCA2020", "element": "Cu", "lattice": "fcc"}
SILICON = {"potential": "Si_Zuo_JPCA2020", "element": "Si", "lattice": "diamond"}
GERMANIUM = {"potential": "Ge_Zuo_JPCA2020", "element": "Ge", "lattice": "diamond"}
TUNGSTEN = {"potential": "WBe_Wood_PRB2019", "element": "W", "lattice": "bcc"}
BERYLLIUM = {"potential": "WBe_Wood_PRB2019", "element": "Be", "lattice": "hcp"}


@pytest.mark.parametrize(
    ("crystal", "kind", "settings"),
    [
        (COPPER, "vacancy", {}),
        (COPPER, "dumbbell_100", {}),
        (SILICON, "vacancy", {}),
        (SILICON, "tetrahedral", {}),
        (GERMANIUM, "dumbbell_110", {}),
        (BERYLLIUM, "vacancy", {"supercell": 3, "cell": "full"}),
        (BERYLLIUM, "substitutional", {"supercell": 3, "element": "W"}),
        (TUNGSTEN, "substitutional", {"element": "Be"}),
        (TUNGSTEN, "dumbbell_111", {"supercell": 3, "element": "Be"}),
    ],
)
def test_relaxed_structures_are_minima_without_their_symmetry_too(crystal, kind, settings):
    reference = ZblBaseline(4.0, 4.8) if crystal["potential"].startswith("WBe") else None
    potential = shipped(crystal["potential"], reference)
    settings = {"name": "it", "kind": kind, "supercell": 2, "cell": "isotropic", **settings}
    minimum = relax_reference(potential, crystal, settings)
    shaken = minimum.atoms.copy()
    shaken.rattle(0.02, seed=1)
    again = relax(shaken, potential, settings["cell"], tolerance=1e-6, symmetry=False)
    assert again.converged
    assert again.energy == pytest.approx(minimum.energy, abs=1e-8)


def test_a_structure_that_leaves_its_hole_is_refused_and_the_lower_one_comes_with_it():
    """The octahedral interstitial of copper becomes a dumbbell."""
    potential = shipped(COPPER["potential"])
    settings = {"name": "it", "kind": "octahedral", "supercell": 2, "cell": "isotropic"}
    sentence = r"^structures\.it: is a saddle point of Cu_Zuo.* [\d.]+ eV lower"
    with pytest.raises(LeftStructureError, match=sentence) as left:
        relax_reference(potential, COPPER, settings)
    dumbbell = relax_reference(potential, COPPER, settings | {"kind": "dumbbell_100"})
    assert left.value.relaxed.energy == pytest.approx(dumbbell.energy, abs=1e-8)
    assert left.value.relaxed.coordinates.size == dumbbell.coordinates.size


@pytest.mark.parametrize("kind", ["hexagonal", "dumbbell_110"])
def test_interstitials_of_silicon_that_this_potential_does_not_hold(kind):
    """They are what plain LAMMPS makes of the same start, and become the tetrahedral one."""
    potential = shipped(SILICON["potential"])
    start = starting_crystal("Si", "diamond")
    crystal = relaxed_crystal(potential, start)
    settings = {"name": "it", "kind": kind, "supercell": 2, "cell": "fixed"}
    atoms = build_structure(settings, crystal_of(crystal, start))
    theirs = lammps_minimise(atoms, potential, 1e-5, Freedom(strains=Freedom().strains[:0]))
    ours = relax(atoms, potential, "fixed")
    assert ours.energy == pytest.approx(theirs.energy, abs=1e-8)
    formation = ours.energy - len(atoms) / 8 * crystal.energy
    assert formation == pytest.approx({"hexagonal": 2.6, "dumbbell_110": 2.5}[kind], abs=0.15)
    with pytest.raises(LeftStructureError, match=r"^structures\.it: is a saddle point") as left:
        relax_reference(potential, SILICON, settings)
    tetrahedral = relax_reference(potential, SILICON, settings | {"kind": "tetrahedral"})
    assert left.value.relaxed.energy == pytest.approx(tetrahedral.energy, abs=1e-8)


@pytest.mark.parametrize("cell", ["fixed", "full"])
def test_noise_of_a_file_hides_no_symmetry(tungsten, tmp_path, cell):
    built = {"name": "it", "kind": "vacancy", "supercell": 3, "cell": cell}
    bcc = {"element": "W", "lattice": "bcc"}
    minimum = relax_reference(tungsten, bcc, built)
    noisy = build_structure(built, PerfectCrystal("W", "bcc", 3.18))
    noisy.rattle(2e-4, seed=0)
    # Edges and an angle, in the digits of a file; not the volume, which a fixed cell keeps.
    noisy.cell[:] += [[2e-5, 5e-5, 0], [0, -1e-5, 0], [0, 0, -1e-5]]
    noisy.write(tmp_path / "noisy.extxyz")
    path = str(tmp_path / "noisy.extxyz")
    told = []
    read = {"name": "it", "kind": "file", "path": path, "lattice_parameter": 3.18, "cell": cell}
    found = relax_reference(tungsten, bcc, read, told.append)
    assert found.coordinates.size == minimum.coordinates.size
    assert f"{minimum.coordinates.size} symmetric coordinates, not" in told[0]
    assert found.energy == pytest.approx(minimum.energy, abs=1e-6)
