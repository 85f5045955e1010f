"""What an analytic potential is: a module with the energy of one atom and a table of parameters."""

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from numbers import Real
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from relaxdiff.exceptions import InputError
from relaxdiff.files import checksum
from relaxdiff.potentials import Parameters

BUILT_IN = ("edip", "lennard_jones", "stillinger_weber")
NEEDED = ("ELEMENTS", "PARAMETERS", "energy")


@dataclass(frozen=True)
class AnalyticModel:
    """An energy function and its parameters, without values of a study.

    name: of a module in this package, or of the user's file; elements: symbols, species are indices
    into it; parameters: Parameters with the table's own values; cutoff: function of a dict of
    parameters, Angstrom; energy: of one atom, see `docs/own_energy.md`; path: of the user's
    file, None for a module in this package.
    """

    name: str
    elements: tuple[str, ...]
    parameters: Parameters
    cutoff: Callable = field(repr=False)
    energy: Callable = field(repr=False)
    module: object = field(repr=False)
    path: Path | None = None

    def reach(self, theta):
        """The cutoff in Angstrom at parameters (P,)."""
        return float(self.cutoff(dict(zip(self.parameters.names, map(float, theta), strict=True))))

    def attributes(self):
        """What a Dataset keeps, from which `model_from` makes the model again, a dict."""
        found = {"analytic": self.name, "element": " ".join(self.elements)}
        if self.path is not None:
            found |= {"analytic_file": str(self.path), "analytic_sha256": checksum(self.path)}
        return found


def analytic_model(name, elements=None):
    """The AnalyticModel called `name`, one of BUILT_IN, or in the user's Python file `name`.

    elements: a tuple of symbols in place of the module's own ELEMENTS, or None. The file is code,
    and is run, once for each content that it has. Raises InputError for a file that is missing,
    cannot be run or lacks something.
    """
    is_file = name not in BUILT_IN and Path(name).is_file()
    return _model(name, elements, checksum(Path(name)) if is_file else None)


@functools.lru_cache(maxsize=16)
def _model(name, elements, _):
    """The same; the last argument tells contents of a file apart."""
    if name in BUILT_IN:
        module, path = import_module(f"relaxdiff.potentials.analytic.{name}"), None
    else:
        path = Path(name)
        module = _module_in(path)
    where = name if path is None else str(path)
    missing = [each for each in NEEDED if not hasattr(module, each)]
    if not (hasattr(module, "CUTOFF") or hasattr(module, "cutoff")):
        missing.append("CUTOFF")
    if missing:
        raise InputError(f"{where}: lacks {', '.join(missing)}")
    own = tuple(module.ELEMENTS)
    elements = own if elements is None else tuple(elements)
    unknown = [each for each in elements if each not in chemical_symbols]
    if unknown or len(elements) != len(own) or len(set(elements)) != len(own):
        raise InputError(
            f"{where}: needs {len(own)} different elements, found {', '.join(map(str, elements))}"
        )
    return AnalyticModel(
        name=path.stem if path else name,
        elements=elements,
        parameters=_parameters(module.PARAMETERS, where),
        cutoff=getattr(module, "cutoff", None) or (lambda parameters: module.CUTOFF),
        energy=module.energy,
        module=module,
        path=path,
    )


def model_from(attrs):
    """The AnalyticModel in a Dataset's attributes; InputError if the user's file has changed."""
    elements = tuple(attrs["element"].split())
    if "analytic_file" not in attrs:
        return analytic_model(attrs["analytic"], elements)
    path = Path(attrs["analytic_file"])
    # Before it is run: nothing but what the posterior was made from is.
    if path.is_file() and checksum(path) != attrs["analytic_sha256"]:
        raise InputError(f"{path}: has changed since the posterior was made from it")
    return analytic_model(str(path), elements)


def _module_in(path):
    """The module in a user's file."""
    if not path.is_file():
        raise InputError(
            f"{path}: is neither a file nor one of the potentials {', '.join(BUILT_IN)}"
        )
    spec = importlib.util.spec_from_file_location(f"relaxdiff_user_{path.stem}", path)
    if spec is None:
        raise InputError(f"{path}: is not a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise InputError(f"{path}: {type(error).__name__}: {error}") from None
    return module


def _parameters(table, where):
    """Parameters of a dict name -> (value, unit)."""
    if not (isinstance(table, dict) and table):
        raise InputError(f"{where}: PARAMETERS is not a dict of name: (value, unit)")
    for name, entry in table.items():
        usable = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], str)
        if not (usable and isinstance(entry[0], Real) and np.isfinite(entry[0])):
            raise InputError(f"{where}: PARAMETERS: {name} is not (a number, its unit)")
    values, units = zip(*table.values(), strict=True)
    return Parameters(tuple(map(str, table)), units, np.array(values, dtype=float))
