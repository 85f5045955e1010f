"""Wrong fits to quantities, as in `bad_input`: what makes them, what is said."""

from bad_input import LOOP, config_of, fit
from entries import vacancy


def property_fit(*targets, entries=None, crystal=None, source="ensemble", **changes):
    """The config with a fit to quantities."""

    def edit():
        config = config_of(source)
        config["structures"] = entries or [vacancy(3), LOOP]
        config["crystal"] |= crystal or {}
        good = {"free": ["beta_*"], "targets": list(targets) or [C11]}
        return config | {"fit": good | changes}

    return edit


C11 = {"quantity": "c11", "value": 522.0, "tolerance": 1.0}
FORMATION = C11 | {"quantity": "formation_energy", "structure": "vacancy"}
CONSTANTS = {"quantity": "force_constants", "file": "loop.xyz", "tolerance": 1.0}
FREQUENCIES = {
    "quantity": "phonon_frequencies",
    "q": [1.0, 0.0, 0.0],
    "values": [4.0, 5.0, 6.0],
    "tolerance": 0.1,
}
HEAT = {"quantity": "heat_capacity", "temperature": 300.0, "value": 2.9, "tolerance": 0.01}
DENSITY = {
    "quantity": "density_of_states",
    "file": "loop.xyz",
    "smearing": 0.1,
    "tolerance": 0.1,
}
PROPERTY_FITS = {  # of the block `fit`, to quantities
    "quantities: no value": (
        property_fit({"quantity": "c11", "tolerance": 1.0}),
        "fit.targets.value: is missing for c11",
    ),
    "quantities: no tolerance": (
        property_fit({"quantity": "c11", "value": 522.0}),
        "fit.targets.tolerance: is missing for c11",
    ),
    "quantities: a tolerance of nothing": (
        property_fit(C11 | {"tolerance": 0}),
        "fit.targets.0.tolerance: 0 is less than or equal to the minimum of 0",
    ),
    "quantities: unknown": (
        property_fit(C11 | {"quantity": "c14"}),
        "fit.targets.0.quantity: 'c14' is not one of",
    ),
    "quantities: twice": (property_fit(C11, C11), "fit.targets: c11 is given twice"),
    "quantities: with positions": (
        property_fit(C11, {"quantity": "positions", "structure": "vacancy"}),
        "fit.targets: positions cannot be fitted together with other quantities",
    ),
    "quantities: positions first": (
        property_fit({"quantity": "positions", "structure": "vacancy"}, C11),
        "fit.targets: is for fits to quantities that are numbers",
    ),
    "quantities: of another lattice": (
        property_fit(C11 | {"quantity": "c33"}),
        "fit.targets.quantity: c33 is not known in crystal.lattice: bcc",
    ),
    "quantities: of no structure": (
        property_fit(FORMATION | {"structure": None}),
        "fit.targets.structure: is missing: formation_energy is that of a structure",
    ),
    "quantities: of an unknown structure": (
        property_fit(FORMATION | {"structure": "vacncy"}),
        "fit.targets.structure: vacncy is not one of the structures",
    ),
    "quantities: of a held cell": (
        property_fit(FORMATION, entries=[vacancy(3, cell="fixed")]),
        "fit.targets.structure: the cell of vacancy must relax as a whole",
    ),
    "quantities: of the crystal": (
        property_fit(C11 | {"structure": "vacancy"}),
        "fit.targets.structure: c11 is a quantity of the crystal",
    ),
    "quantities: a structure in a held lattice": (
        property_fit(FORMATION, hold_lattice=True),
        "fit.hold_lattice: true is for quantities of the crystal",
    ),
    "quantities: a held length": (
        property_fit(C11 | {"quantity": "lattice_parameter"}, hold_lattice=True),
        "fit.hold_lattice: true holds lattice_parameter, which is a target",
    ),
    "quantities: no pressure": (
        property_fit(C11 | {"quantity": "pressure"}),
        "fit.targets.quantity: pressure is 0 where the lattice relaxes",
    ),
    "quantities: a method for positions": (
        property_fit(method="direct"),
        "fit.method: direct is for positions: use one of gauss_newton, l_bfgs_b, slsqp",
    ),
    "quantities: a key for positions": (
        property_fit(margin=0.1),
        "fit.margin: is for a fit to positions: leave it out",
    ),
    "positions: a method for quantities": (
        fit(method="slsqp"),
        "fit.method: slsqp is not for positions: use one of direct, relaxed, published",
    ),
    "positions: a key for quantities": (
        fit(hold_lattice=True),
        "fit.hold_lattice: is for fits to quantities that are numbers",
    ),
    "positions: of nothing": (
        fit({"structure": None}),
        "fit.targets.structure: is missing: name the structure with these positions",
    ),
    "quantities: bounds beside a prior": (
        property_fit(bounds={"beta_1": [-1, 1]}, prior=True),
        "fit.bounds: a prior keeps parameters near the posterior",
    ),
    "quantities: bounds of nothing": (
        property_fit(bounds={"epsilon": [-1, 1]}),
        "fit.bounds: no parameter of the potential matches epsilon; they are beta_1 to beta_55",
    ),
    "quantities: unknown parameters": (
        property_fit(free=["epsilon"]),
        "fit.free: no parameter of the potential matches epsilon; they are beta_1 to beta_55",
    ),
    "quantities: no supercell": (
        property_fit(CONSTANTS),
        "fit.targets.supercell: is missing for force_constants",
    ),
    "quantities: no file of force constants": (
        property_fit(CONSTANTS | {"file": "no", "supercell": "loop.xyz"}),
        "fit.targets.file: no does not exist",
    ),
    "quantities: force constants of one number": (
        property_fit(CONSTANTS | {"supercell": "loop.xyz", "value": 1.0}),
        "fit.targets.value: is not for force_constants: leave it out",
    ),
    "quantities: frequencies at no wave vector": (
        property_fit({key: FREQUENCIES[key] for key in ("quantity", "values", "tolerance")}),
        "fit.targets.q: is missing for phonon_frequencies",
    ),
    "quantities: a wave vector of two numbers": (
        property_fit(FREQUENCIES | {"q": [0.5, 0.5]}),
        "fit.targets.0.q: [0.5, 0.5]",
    ),
    "quantities: a wave vector that the supercell does not hold": (
        property_fit(FREQUENCIES | {"q": [0.5, 0.3, 0.0]}),
        "fit.targets.q: the supercell of 3 conventional cells does not hold [0.5, 0.3, 0]: use "
        "multiples of 1/3",
    ),
    "quantities: some of the branches": (
        property_fit(FREQUENCIES | {"values": [4.0, 5.0]}),
        "fit.targets.values: 2 frequencies are given, but the crystal has 3 branches",
    ),
    "quantities: frequencies at the same wave vector": (
        property_fit(FREQUENCIES, FREQUENCIES | {"tolerance": 1.0}),
        "fit.targets: phonon_frequencies is given twice",
    ),
    "quantities: frequencies of one number": (
        property_fit(FREQUENCIES | {"value": 1.0}),
        "fit.targets.value: is not for phonon_frequencies: leave it out",
    ),
    "quantities: frequencies of a structure": (
        property_fit(FREQUENCIES | {"structure": "vacancy"}),
        "fit.targets.structure: phonon_frequencies is a quantity of the crystal",
    ),
    "quantities: a heat capacity at no temperature": (
        property_fit({key: HEAT[key] for key in ("quantity", "value", "tolerance")}),
        "fit.targets.temperature: is missing for heat_capacity",
    ),
    "quantities: a heat capacity at 0 K": (
        property_fit(HEAT | {"temperature": 0}),
        "fit.targets.0.temperature: 0 is less than the minimum of 1",
    ),
    "quantities: elastic constants at a temperature": (
        property_fit(C11 | {"temperature": 300.0}),
        "fit.targets.temperature: is not for c11: leave it out",
    ),
    "quantities: a heat capacity twice": (
        property_fit(HEAT, HEAT | {"value": 2.8}),
        "fit.targets: heat_capacity is given twice",
    ),
    "quantities: states without smearing": (
        property_fit(DENSITY | {"smearing": 0}),
        "fit.targets.0.smearing: 0 is less than the minimum of 0.05",
    ),
    "quantities: no smearing": (
        property_fit({key: DENSITY[key] for key in ("quantity", "file", "tolerance")}),
        "fit.targets.smearing: is missing for density_of_states",
    ),
    "quantities: no file of states": (
        property_fit(DENSITY | {"file": "no"}),
        "fit.targets.file: no does not exist",
    ),
    "quantities: states of another supercell": (
        property_fit(DENSITY | {"supercell": "loop.xyz"}),
        "fit.targets.supercell: is not for density_of_states: leave it out",
    ),
    "positions: at a wave vector": (
        property_fit({"quantity": "positions", "structure": "vacancy", "q": [0.5, 0.5, 0.0]}),
        "fit.targets.q: is for fits to quantities that are numbers",
    ),
    "quantities: in a crystal from a file": (
        property_fit(entries=[LOOP], crystal={"lattice": "file", "path": "loop.xyz"}),
        "fit: quantities are known of crystals of one element",
    ),
}
