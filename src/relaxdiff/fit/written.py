"""A fitted potential as the files that LAMMPS reads: what is judged and what is used."""

from relaxdiff.potentials.snap import ALCHEMICAL, AlchemicalBaseline, read_snap


def write_fitted(fit, potential, stem):
    """Write the potential after the last step, `stem`.snapcoeff and others; returns their paths.

    fit: Dataset of `fit_parameters`; potential: RestrictedPotential that was fitted.
    """
    whole = potential.with_theta(fit["theta"].values[-1]).whole
    return whole.with_theta(whole.theta, name=f"{whole.name} fitted").write(stem)


def read_fitted(coeff, param, given, host):
    """The SnapPotential in these files.

    coeff, param: paths of the .snapcoeff and .snapparam files; given: the potential before the fit,
    whose baseline it has; host: the element that X copies, if the files have X.
    """
    potential = read_snap(coeff, param, given.baseline)
    if given.baseline is None or ALCHEMICAL not in potential.elements:
        return potential
    return read_snap(coeff, param, AlchemicalBaseline(given.baseline, host))
