"""How often the intervals of a fitted posterior hold DFT values that were held out of the fit.

An interval of nominally 90 % shall hold 90 % of them, in every group of the training data. Values
of one configuration are alike, so the standard error of such a share comes from its spread between
configurations.
"""

import re

import numpy as np
import pandas as pd

NOMINAL_COVERAGES = (0.5, 0.9, 0.95, 1.0)  # central intervals of the draws; 1: smallest to largest
JUDGED = 0.9  # the interval that groups are judged by
# A group is not covered if the share is below JUDGED by more than this and two standard errors.
TOLERATED = 0.05
LEAST_CONFIGURATIONS = 5  # held out, from which the spread between them says anything
MANY = {"energy": "energies", "force": "forces", "stress": "stresses"}
# Words in the names of groups and of structures, and what they say. A gamma surface has no surface.
WORDS = {
    "divacancy": {"divacancy", "divacancies", "divac"},
    "vacancy": {"vacancy", "vacancies", "monovacancy", "monovacancies", "vac"},
    "interstitial": {
        *("interstitial", "interstitials", "dumbbell", "dumbbells", "crowdion", "crowdions"),
        *("octahedral", "tetrahedral", "sia"),
    },
    "solute": {"substitutional", "substitutionals", "solute", "solutes"},
    "fault": {"gamma", "fault", "faults", "stacking", "gsf", "gsfe"},
    "surface": {"surface", "surfaces", "slab", "slabs"},
    "dislocation": {"dislocation", "dislocations"},
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # also of CamelCase


def coverage(block, residual, owner, shifts, chunk=4096):
    """Share of residuals inside the central intervals of block @ shifts, and its standard error.

    block: design rows (n, P); residual: DFT less the mean (n,), in the units of the rows; owner:
    the configuration of each row (n,); shifts: deviations of the draws from the mean, (draws, P).
    Returns two arrays in the order of NOMINAL_COVERAGES. The standard error is that of a ratio
    estimator, whose sampling units are configurations; NaN for a single one.
    Source: Cochran, Sampling Techniques, 3rd ed. (1977), section 6.4.
    """
    below = np.concatenate(
        [
            np.mean(block[i : i + chunk] @ shifts.T < residual[i : i + chunk, None], axis=1)
            for i in range(0, len(block), chunk)
        ]
    )
    # `below` is the place of DFT in the distribution, 0 to 1; the ends are outside of every draw.
    inside = 2 * np.abs(below - 0.5)[:, None] < np.array(NOMINAL_COVERAGES)
    share = inside.mean(axis=0)
    _, which = np.unique(owner, return_inverse=True)
    count = which.max() + 1
    if count < 2:
        return share, np.full(len(share), np.nan)
    apart = np.zeros((count, len(share)))
    np.add.at(apart, which, inside - share)
    return share, np.sqrt(count / (count - 1) * np.sum(apart**2, axis=0)) / len(inside)


def coverage_table(posterior):
    """The held-out coverage of a fit, a DataFrame: a row for each group, quantity and interval.

    posterior: a Dataset of `fit_posterior`, or made from one. Columns: group, quantity, fitted
    (whether its weight is above 0), configurations (held out), nominal, coverage, standard_error,
    and covered: yes, no or unknown, which is judged by the interval of 90 % alone and is unknown
    with less than 5 configurations.
    """
    names = {"held_out_coverage": "coverage", "held_out_coverage_error": "standard_error"}
    table = posterior[list(names)].to_dataframe().rename(columns=names).dropna(subset="coverage")
    table = table.reset_index()
    of_group = posterior["n_held_out"].to_series()
    weights = posterior["row_weight"].to_series()
    pairs = pd.MultiIndex.from_frame(table[["group", "quantity"]])
    table.insert(2, "fitted", np.where(weights.reindex(pairs).to_numpy() > 0, "yes", "no"))
    table.insert(3, "configurations", of_group.reindex(table["group"]).to_numpy())
    table["covered"] = _covered(table)
    return table


def _covered(table):
    """yes, no or unknown for all intervals of a group and quantity, an array."""
    judged = table[np.isclose(table["nominal"], JUDGED)].set_index(["group", "quantity"])
    enough = judged["configurations"] >= LEAST_CONFIGURATIONS
    low = judged["coverage"] + 2 * judged["standard_error"] < JUDGED - TOLERATED
    verdict = pd.Series(np.where(enough, np.where(low, "no", "yes"), "unknown"), judged.index)
    return verdict.reindex(pd.MultiIndex.from_frame(table[["group", "quantity"]])).to_numpy()


def judged_coverage(posterior):
    """The rows of `coverage_table` that count: of fitted quantities, at nominally 90 %.

    An empty DataFrame for a posterior that was not fitted.
    """
    if "held_out_coverage_error" not in posterior:
        return pd.DataFrame()
    table = coverage_table(posterior)
    return table[np.isclose(table["nominal"], JUDGED) & (table["fitted"] == "yes")]


def coverage_warnings(posterior, structures):
    """A sentence for each structure that belongs to a group that is not covered, a list.

    posterior: as for `coverage_table`, or of another source, which has none; structures: entries of
    the config's `structures`. A structure belongs to a group whose name speaks of the same (see
    `belongs_to`).
    """
    judged = judged_coverage(posterior)
    if not len(judged):
        return []
    found = []
    for group, rows in judged[judged["covered"] == "no"].groupby("group", sort=False):
        names = [each["name"] for each in structures if belongs_to(each, group)]
        if names:
            shares = " and ".join(
                f"{100 * row.coverage:.0f} % (standard error {100 * row.standard_error:.2g} %) of "
                f"the {MANY[row.quantity]}"
                for row in rows.itertuples()
            )
            found.append(
                f"The posterior is too narrow for {', '.join(names)}: its intervals of nominally "
                f"{100 * JUDGED:.0f} % hold {shares} that were held out in the group {group}"
            )
    return found


def belongs_to(structure, group):
    """Whether a structure is of the kind that a group of training data is of, by words in its name.

    structure: an entry of the config's `structures`; group: a name. Of a structure from a file the
    name counts, of others the kind. Words: see WORDS; both must speak of the same things, so that
    `gamma_surface_vacancy` is neither a vacancy nor a fault, and of at least one.
    """
    kind = structure["kind"]
    if kind == "hexagonal":  # an interstitial; in the name of a group it would be a crystal
        kind = "interstitial"
    own = _things(structure["name"] if kind == "file" else kind)
    return bool(own) and own == _things(group)


def _things(name):
    """What of WORDS a name speaks of, a set."""
    joined = re.sub("di[-_ ]?vac", "divac", name, flags=re.IGNORECASE)
    words = {word.lower() for word in WORD.findall(joined)}
    found = {thing for thing, known in WORDS.items() if words & known}
    return found - {"surface"} if "fault" in found else found
