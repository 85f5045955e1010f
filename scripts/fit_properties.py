"""Fit parameters to properties; write the potential, the path, and a posterior around the end."""

import json
import shutil
from pathlib import Path

from common import job

from relaxdiff.files.checksums import checksum
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.fit.confirmed import by_lammps, disagreements
from relaxdiff.fit.optimised import Search, minimised, spread
from relaxdiff.fit.properties import Properties, Remembered
from relaxdiff.fit.property_results import (
    phonon_sources,
    posterior_about,
    property_path,
    property_table,
)
from relaxdiff.fit.property_setup import (
    search_directions,
    supercells_of,
    targets_of,
    vibrations_of,
)
from relaxdiff.fit.unstable import instabilities
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.quantities.phonons import phonons_of
from relaxdiff.quantities.structure_at import StructureQuantities
from relaxdiff.structures.lattices import crystal_of_settings

with job(snakemake) as log:
    params, output = snakemake.params, snakemake.output
    settings, unfinished = params.fit, Path(params.unfinished)
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    start, held = crystal_of_settings(params.crystal), settings["hold_lattice"]
    minima = {
        name: minimum_from_dataset(read_dataset(path), potential)
        for name, path in zip(params.structures, snakemake.input.references, strict=True)
    }
    _, crystal = Properties(potential, start, held=held).crystal.at(potential)
    structures = {
        name: StructureQuantities(name, minimum, params.structures[name], crystal)
        for name, minimum in minima.items()
    }
    directions, bounds = search_directions(potential, posterior, settings)
    others = supercells_of(potential, settings)
    vibrations = vibrations_of(potential, start, params.supercell, settings)
    properties = Properties(potential, start, structures, held, others, vibrations)
    given = [settings, params.crystal, params.supercell, *map(checksum, snakemake.input)]
    key = json.dumps(given, sort_keys=True)
    remembered = Remembered(properties, unfinished, key.encode())
    search = Search(
        remembered,
        targets_of(settings),
        directions,
        settings["prior"],
        log.info,
    )
    ended = minimised(search, settings["method"], settings["steps"], bounds)
    last = search.steps[-1]
    root, undetermined = spread(search)
    if undetermined:
        log.warning(
            "Warning: the targets leave %d of %d directions of the parameters undetermined: the "
            "posterior about the fit has no spread there (set fit.prior to true to keep to the old "
            "one)",
            undetermined,
            len(search.directions),
        )
    fitted = properties.potential_at(last.values, name=f"{potential.name} fitted")
    if potential.in_lammps:
        fitted.write(Path(output.fit).parent / "potential")
    confirmed = by_lammps(fitted, crystal, minima, held)
    about = posterior_about(fitted, root)
    _, end = properties.crystal.at(fitted)
    relaxed = {name: each.relaxed(fitted, end) for name, each in structures.items()}
    wrong = instabilities(fitted, about, end, params.supercell, relaxed)
    for sentence in wrong:
        log.warning("Warning: the fitted potential is of no use here: %s", sentence)
    path = property_path(potential, search.targets, search.steps, root)
    path = path.assign_attrs(
        method=settings["method"],
        ended=ended,
        stability="; ".join(wrong) or "stable",
        undetermined=undetermined,
        potential=potential.name,
        free=", ".join(settings["free"]),
    )
    table = property_table(path, confirmed)
    for line in [*table.to_string(index=False).splitlines(), *disagreements(table)]:
        log.info("%s", line)
    if settings["prior"]:
        log.info("%.3g standard deviations of the posterior from its mean", last.distance)
    table.to_csv(output.table, index=False, float_format="%.8g")
    write_dataset(about, output.posterior, {"fit": settings})
    for name, of in others.items():
        sources = phonon_sources(search, name, len(of.atoms))
        write_dataset(phonons_of(sources, of.atoms), output.phonons, {"fit": settings})
    write_dataset(path, output.fit, {"fit": settings})
    shutil.rmtree(unfinished, ignore_errors=True)
