"""Wrong inputs of potentials written in JAX, as in `bad_input`: what makes them, what is said."""

from bad_input import JUNK, MORSE, fit, source


def morse(old, new, **changes):
    """A potential written in JAX whose file has one text replaced, and other keys."""
    text = MORSE.replace(old, new)
    assert text != MORSE
    return source("analytic", "morse.py", text, **changes)


def named(key, content):
    """A potential written in JAX whose uncertainty is a table, that key."""
    return source("analytic", "named.csv", content, deviations=None, **{key: "named.csv"})


ANALYTICS = {  # of potentials written in JAX
    "analytic: unknown": (
        source("analytic", potential="stilinger_weber"),
        "stilinger_weber: is neither a file nor one of the potentials edip, lennard_jones, "
        "stillinger_weber (posterior.analytic.potential)",
    ),
    "analytic: missing": (
        source("analytic", potential="nowhere.py"),
        "nowhere.py: is neither a file nor one of the potentials",
    ),
    "analytic: no Python": (
        source("analytic", potential="samples.csv"),
        "samples.csv: is not a Python file (.py) (posterior.analytic.potential)",
    ),
    "analytic: junk": (
        source("analytic", "morse.py", JUNK),
        "morse.py: ",
    ),
    "analytic: a syntax error": (
        morse("r = lengths(vectors)", "r = lengths(vectors"),
        "morse.py: SyntaxError: '(' was never closed",
    ),
    "analytic: an error": (morse("CUTOFF = 6.5", "CUTOFF = 6.5 / 0"), "morse.py: ZeroDivisionErr"),
    "analytic: the end of the process": (
        morse("CUTOFF = 6.5", "CUTOFF = 6.5\nraise SystemExit(0)"),
        "morse.py: SystemExit: 0 (posterior.analytic.potential)",
    ),
    "analytic: no energy": (
        morse("def energy(", "def enrgy("),
        "morse.py: lacks energy (posterior.analytic.potential)",
    ),
    "analytic: no cutoff": (morse("CUTOFF", "RANGE"), "morse.py: lacks CUTOFF"),
    "analytic: a cutoff of nothing": (
        morse("CUTOFF = 6.5", "CUTOFF = 0.0"),
        "morse.py: the cutoff is 0.0 Angstrom: it must be above 0",
    ),
    "analytic: parameters without units": (
        morse('"depth": (0.9906, "eV")', '"depth": 0.9906'),
        "morse.py: PARAMETERS: depth is not (a number, its unit)",
    ),
    "analytic: parameters that are no table": (
        source("analytic", "morse.py", f"{MORSE}\nPARAMETERS = [1.0]\n"),
        "morse.py: PARAMETERS is not a dict of name: (value, unit)",
    ),
    "analytic: an energy of other arguments": (
        morse("vectors, parameters):", "vectors):"),
        "morse.py: energy: TypeError: ",
    ),
    "analytic: an energy of each neighbour": (
        morse("return jnp.sum(", "return 0 * r + jnp.sum("),
        "morse.py: energy: TypeError: ",
    ),
    "analytic: a parameter that is not there": (
        morse('parameters["width"]', 'parameters["with"]'),
        "morse.py: energy: KeyError: 'with' (posterior.analytic.potential)",
    ),
    "analytic: an energy that is cut": (
        morse("switched(r, 5.0, CUTOFF)", "(r < CUTOFF)"),
        "morse.py: the energy jumps by 0.00738 eV at the cutoff, 6.5 Angstrom: let it end there",
    ),
    "analytic: a force that is cut": (
        morse("switched(r, 5.0, CUTOFF)", "jnp.maximum(CUTOFF - r, 0.0)"),
        "morse.py: the force jumps by 0.00738 eV/Angstrom at the cutoff, 6.5 Angstrom",
    ),
    "analytic: a NaN behind where": (
        morse(
            "switched(r, 5.0, CUTOFF)",
            "jnp.where(r < CUTOFF, jnp.sqrt(CUTOFF - r) ** 8, 0.0)",
        ),
        "morse.py: the energy of an atom with a neighbour at 5.2 Angstrom, or a derivative of it, "
        "is not finite: a NaN in a branch of jnp.where that is not taken",
    ),
    "analytic: a root of no density": (
        morse("return jnp.sum(", "return -jnp.sqrt(jnp.sum(switched(r, 5.0, CUTOFF))) + jnp.sum("),
        "morse.py: the energy of an atom with no neighbour, or a derivative of it, is not finite",
    ),
    "analytic: absent neighbours": (
        morse("return jnp.sum(", "return 0.1 * len(r) + jnp.sum("),
        "morse.py: a neighbour that is absent, 1000 Angstrom away along each axis, has an energy "
        "of 0.1 eV",
    ),
    "analytic: an unknown mean": (
        source("analytic", parameters={"dept": 1.0}),
        "morse: has no parameter dept; it has depth, width, distance "
        "(posterior.analytic.parameters)",
    ),
    "analytic: a mean that is text": (
        source("analytic", parameters={"depth": "1e0"}),
        "posterior.analytic.parameters.depth: '1e0' is not of type 'number': that is text",
    ),
    "analytic: a mean without an energy": (
        source("analytic", parameters={"distance": 1e6}),
        "morse.py: the energy of an atom with a neighbour at 5.2 Angstrom, or a derivative of it, "
        "is not finite: ",
    ),
    "analytic: an unknown deviation": (
        source("analytic", deviations={"depht": 0.1}),
        "deviations: depht is not one of depth, width, distance (posterior.analytic.deviations)",
    ),
    "analytic: no deviation": (
        source("analytic", deviations={"depth": 0.0}),
        "posterior.analytic.deviations.depth: 0.0 is less than or equal to the minimum of 0",
    ),
    "analytic: no deviations": (
        source("analytic", deviations={}),
        "posterior.analytic.deviations: {} should be non-empty",
    ),
    "analytic: deviations and samples": (
        source("analytic", samples="samples.csv"),
        "posterior.analytic: exactly one of deviations, covariance and samples must be set, found "
        "deviations and samples: leave the others out",
    ),
    "analytic: no uncertainty": (
        source("analytic", deviations=None),
        "exactly one of deviations, covariance and samples must be set, found none",
    ),
    "analytic: two elements for one": (
        source("analytic", elements=["W", "Be"]),
        "morse.py: needs 1 different elements, found W, Be (posterior.analytic.elements)",
    ),
    "analytic: no element": (
        source("analytic", elements=["Qq"]),
        "morse.py: needs 1 different elements, found Qq (posterior.analytic.elements)",
    ),
    "analytic: another crystal": (
        source("analytic", elements=["Mo"]),
        "crystal.element: W, but the potential of posterior.analytic is for Mo: name the same",
    ),
    "analytic: a cutoff in nanometres": (
        morse("CUTOFF = 6.5", "CUTOFF = 0.65"),
        "posterior.analytic: the potential reaches 0.65 Angstrom, but atoms of W are 2.74 apart",
    ),
    "analytic: a fit": (
        lambda: fit(source="analytic")(),
        "fit: to positions is for SNAP, and posterior.analytic is morse",
    ),
    "analytic: missing samples": (
        source("analytic", deviations=None, samples="nowhere.csv"),
        "posterior.analytic.samples: nowhere.csv does not exist",
    ),
    "analytic: samples that are junk": (named("samples", JUNK), "named.csv: is no CSV table ("),
    "analytic: empty samples": (named("samples", ""), "named.csv: is no CSV table ("),
    "analytic: samples of no parameter": (
        named("samples", "depth,weight\n1.0,1.0\n"),
        "named.csv: the columns weight are none of the parameters depth, width, distance "
        "(posterior.analytic.samples)",
    ),
    "analytic: samples that are words": (
        named("samples", "depth\n1.0\nhigh\n0.9\n"),
        "named.csv: could not convert string to float",
    ),
    "analytic: samples with a hole": (
        named("samples", "depth,width\n1.0,1.4\n1.1,\n0.9,1.4\n"),
        "named.csv: holds a number that is missing or not finite",
    ),
    "analytic: too few samples": (
        named("samples", "depth\n1.0\n1.1\n"),
        "posterior.samples is 3, but the posterior morse holds only 2 samples",
    ),
    "analytic: certain samples": (
        named("samples", "depth\n0.9906\n0.9906\n0.9906\n"),
        "named.csv: every sample equals the mean: there is no uncertainty",
    ),
    "analytic: a covariance that is not square": (
        named("covariance", "depth,width\n1.0,0.0\n"),
        "named.csv: has 1 rows and 2 columns: give one of each",
    ),
    "analytic: a covariance that is none": (
        named("covariance", "depth,width\n1e-4,1e-3\n1e-3,1e-4\n"),
        "named.csv: is no covariance: it is not symmetric and positive "
        "(posterior.analytic.covariance)",
    ),
}
