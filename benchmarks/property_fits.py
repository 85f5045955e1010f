"""Fits to elastic constants, force constants and a vacancy: optima, seconds, and gradients.

    python benchmarks/property_fits.py FORCE_CONSTANTS SPOSCAR > benchmarks/property_fits.md

The two files are phonopy's, of silicon by DFT (https://github.com/M3RG-IITD/Force-field-optimization).
Elastic constants of silicon are those of arXiv:2409.13844, C11, C12, C44 = 153.214, 56.797, 74.833
GPa; the distance is that of the 6 x 6 matrices whose shear entries are 2 C44, or of all force
constants: the root of the sum of squares. Every fit begins at four starts; seconds are of the wall
clock for all of them, compilation included. Tungsten: the shipped posterior, a vacancy in 127
atoms, targets 522, 204 and 161 GPa and 3.67 eV, as in config/examples/tungsten_properties.yaml.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import yaml

from relaxdiff import starting_crystal
from relaxdiff.fit.confirmed import by_lammps
from relaxdiff.fit.optimised import Search, minimised
from relaxdiff.fit.properties import Properties, Remembered, Target
from relaxdiff.fit.property_setup import search_directions, targets_of
from relaxdiff.minima import relax_reference
from relaxdiff.posterior import potential_from_posterior, read_posterior
from relaxdiff.quantities import (
    CrystalQuantities,
    StructureQuantities,
    SupercellForceConstants,
    phonons_of,
    read_force_constants,
)
from relaxdiff.structures import read_structure
from relaxdiff.study.fit_settings import fit_settings

ROOT = Path(__file__).parents[1]
ELASTIC = {"c11": (153.214, 3**-0.5), "c12": (56.797, 6**-0.5), "c44": (74.833, 12**-0.5)}
STARTS = (1.0, 0.85, 1.1, 0.9)  # of both free parameters, relative; the second one the other way
STEPS = 60
# Potential, parameters that differ from its own, free parameters, lattice parameter for the
# elastic constants. The cutoff of the first is 3.77118 Angstrom whatever sigma.
SILICON = {
    "stillinger_weber": ({"epsilon": 2.16826}, ("epsilon", "lambda"), 5.431),
    "edip": ({}, ("A", "lambda"), 5.430),
}
PHONON = {"stillinger_weber": {"epsilon": 2.16826, "sigma": 2.123822, "a": 1.775657}, "edip": {}}


def elastic_targets():
    """Elastic constants with their weights in the matrix."""
    return [Target(name, np.array([value]), width) for name, (value, width) in ELASTIC.items()]


def fits(properties, targets, free):
    """The Searches from all starts, and seconds for all."""
    begun, found = time.perf_counter(), []
    names = properties.potential.parameters.names
    n_shifts = len(properties.start) - len(names)
    for factor in STARTS:
        values = properties.start.copy()
        places = [n_shifts + names.index(name) for name in free]
        values[places] *= [factor, 2 - factor]
        directions = np.zeros((len(free), len(values)))
        directions[np.arange(len(free)), places] = values[places]
        of = Properties(
            properties.potential_at(values),
            properties.crystal.crystal.start,
            held=properties.crystal.held,
            others=properties.others,
        )
        of.crystal = properties.crystal  # its functions are compiled
        search = Search(Remembered(of), targets, directions, False, lambda line: None)
        minimised(search, "gauss_newton", STEPS)
        found.append(search)
    return found, time.perf_counter() - begun


def distance(step):
    """The root of the sum of squares."""
    return np.sqrt(2 * step.loss)


def pressure_at(properties, step):
    """|Pressure| of the crystal at a step, GPa."""
    found = step.quantities
    if "pressure" not in found:
        potential = properties.potential_at(step.values)
        crystal = properties.crystal.crystal.start.at(found["lattice_parameter"].values[0])
        found, _ = CrystalQuantities(potential, crystal, held=True).at(potential)
    return abs(found["pressure"].values[0])


def row(name, searches, seconds, free):
    """A line of the table of silicon."""
    names = searches[0].properties.properties.potential.parameters.names
    ends = [search.steps[-1] for search in searches]
    values = np.array([step.values[-len(names) :] for step in ends])
    places = [names.index(each) for each in free]
    parameters = ", ".join(
        f"{each} {values[0, place]:.6f} (+- {np.ptp(values[:, place]) / 2:.0e})"
        for each, place in zip(free, places, strict=True)
    )
    before, after = distance(searches[0].steps[0]), [distance(step) for step in ends]
    pressure = max(
        pressure_at(search.properties.properties, step)
        for search in searches
        for step in search.steps
    )
    evaluations = ", ".join(str(search.evaluated) for search in searches)
    return (
        f"| {name} | {before:.4f} | {after[0]:.4f} (+- {np.ptp(after) / 2:.0e}) | {parameters} | "
        f"{pressure:.1e} | {evaluations} | {seconds:.1f} |"
    )


def silicon(path, supercell):
    """The table of silicon; returns phonons of both potentials before and after, by name."""
    # LAMMPS is several times slower in a process that has loaded JAX: only after tungsten.
    from relaxdiff.potentials.analytic import analytic_potential

    columns = ("fit", "distance before", "after", "parameters", "largest pressure at a step, GPa")
    print("\n| " + " | ".join((*columns, "evaluations", "seconds")) + " |\n" + "|---" * 7 + "|")
    atoms, wanted = read_structure(supercell), read_force_constants(path, supercell)
    a = atoms.cell.lengths()[0] / 2
    phonons = {"target": wanted}
    for name, (parameters, free, edge) in SILICON.items():
        potential = analytic_potential(name, parameters)
        start = starting_crystal("Si", "diamond", edge)
        for held in (False, True):
            found = fits(Properties(potential, start, held=held), elastic_targets(), free)
            what = "held" if held else "relaxed"
            print(row(f"{name}, elastic constants, {what} lattice", *found, free), flush=True)
        names = potential.parameters.names
        of_elastic = found[0][0].steps[-1].values[-len(names) :]
        potential = analytic_potential(name, PHONON[name])
        target = Target("force_constants", wanted.ravel(), 1.0)
        constants_of = SupercellForceConstants(potential, atoms)
        theta = potential.theta.copy()
        for each in free:
            theta[names.index(each)] = of_elastic[names.index(each)]
        only_elastic = constants_of.at(theta).values.reshape(wanted.shape)
        phonons[f"{name} fitted to elastic constants"] = only_elastic
        held = Properties(
            potential,
            starting_crystal("Si", "diamond", a),
            held=True,
            others={"force_constants": constants_of},
        )
        searches, seconds = fits(held, [target], free)
        print(row(f"{name}, force constants", searches, seconds, free), flush=True)
        for when, step in (("before", searches[0].steps[0]), ("after", searches[0].steps[-1])):
            phonons[f"{name} {when}"] = step.quantities["force_constants"].values.reshape(
                wanted.shape
            )
    return phonons_of(phonons, atoms)


def tungsten():
    """The table of tungsten."""
    example = ROOT / "config/examples/tungsten_properties.yaml"
    config = yaml.safe_load(example.read_text(encoding="utf-8"))
    settings, posterior = fit_settings(config), read_posterior(ROOT / "resources/tungsten.nc")
    potential, start = potential_from_posterior(posterior), starting_crystal("W", "bcc")
    crystal = {"element": "W", "lattice": "bcc", "lattice_parameter": None}
    (entry,) = config["structures"]
    begun = time.perf_counter()
    minimum = relax_reference(potential, crystal, entry)
    _, perfect = Properties(potential, start).crystal.at(potential)
    vacancy = StructureQuantities("vacancy", minimum, entry["cell"], perfect)
    properties = Properties(potential, start, {"vacancy": vacancy})
    directions, _ = search_directions(potential, posterior, settings)
    search = Search(
        Remembered(properties), targets_of(settings), directions, True, lambda line: None
    )
    minimised(search, "gauss_newton", settings["steps"])
    seconds = time.perf_counter() - begun
    last = search.steps[-1]
    confirmed = by_lammps(properties.potential_at(last.values), perfect, {"vacancy": minimum})
    print(
        f"Tungsten: {search.evaluated} evaluations, {seconds:.1f} s, {last.distance:.1f} "
        "standard deviations of the posterior from its mean.\n"
    )
    print("| quantity | unit | target | before | after | plain LAMMPS |\n|---|---|---|---|---|---|")
    wanted = {target.name: target.values[0] for target in search.targets}
    for name, quantity in last.quantities.items():
        goal = f"{wanted[name]:.6g}" if name in wanted else ""
        before = search.steps[0].quantities[name].values[0]
        numbers = before, quantity.values[0], confirmed[name]
        cells = [name, quantity.unit, goal, *(f"{number:.6g}" for number in numbers)]
        print("| " + " | ".join(cells) + " |")


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("force_constants")
    parser.add_argument("supercell")
    given = parser.parse_args()
    print("# Fits to properties\n\n" + __doc__.replace("\n    python", "\n    $ python"))
    print(f"{os.cpu_count()} cores; load (1 is a busy core): {os.getloadavg()[0]:.1f}.\n")
    tungsten()
    phonons = silicon(given.force_constants, given.supercell)
    bands = phonons["band_frequency"]
    print("\n| phonons of | distance from DFT along Gamma-X-W-K-Gamma-L-U-X, THz rms |\n|---|---|")
    for source in bands["source"].values[1:]:
        apart = bands.sel(source=source) - bands.sel(source="target")
        print(f"| {source} | {float(np.sqrt((apart**2).mean())):.3f} |")


if __name__ == "__main__":
    main()
