"""What tests of several potentials in JAX ask of the energy of one atom, and of LAMMPS."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
from ase.build import bulk

from relaxdiff.lammps import LammpsCalculator


def values_of(module):
    """A module's own values of its parameters, by name."""
    return {name: value for name, (value, _) in module.PARAMETERS.items()}


def changed(module, seed=5):
    """The same, each changed by up to 3% of itself, or by up to 0.03 if it is 0."""
    random = np.random.default_rng(seed)
    return {
        name: value + 0.03 * random.uniform(0.3, 1) * (abs(value) or 1)
        for name, value in values_of(module).items()
    }


def energy_at(module, species=0, neighbours=None):
    """The module's energy as a function of vectors (K, 3) and a dict of parameters."""

    def energy(vectors, parameters):
        kinds = jnp.zeros(len(vectors), dtype=int) if neighbours is None else neighbours
        return module.energy(species, kinds, vectors, parameters)

    return energy


def slope_of(energy, vectors, names):
    """The gradient of the energy as a function of all vectors and parameters in one array (n,)."""

    def of_flat(flat):
        place = flat[: vectors.size].reshape(vectors.shape)
        return energy(place, dict(zip(names, flat[vectors.size :], strict=True)))

    return jax.grad(of_flat)


def derivatives(energy, vectors, parameters):
    """First (n,) and second (n, n) derivatives by vectors and parameters, and a part of the third.

    The third is that along one direction, (n, n), to which every element of it contributes.
    """
    flat = np.concatenate([vectors.ravel(), list(parameters.values())])
    slope = slope_of(energy, vectors, tuple(parameters))
    along = np.random.default_rng(0).normal(size=len(flat))

    @jax.jit
    def all_at_once(flat):
        return slope(flat), *jax.jvp(jax.jacfwd(slope), (flat,), (along,))

    return [np.array(each) for each in all_at_once(flat)]


def differences(energy, vectors, parameters, step=1e-5):
    """The first derivatives by central differences of the energy, the second by those of JAX's."""
    flat = np.concatenate([vectors.ravel(), list(parameters.values())])
    slope = jax.jit(slope_of(energy, vectors, tuple(parameters)))

    def energy_of(flat):
        values = dict(zip(parameters, flat[vectors.size :], strict=True))
        return energy(flat[: vectors.size].reshape(vectors.shape), values)

    first, second = [], []
    for index, value in enumerate(flat):
        moved = np.zeros(len(flat))
        moved[index] = step * max(abs(value), 1)
        apart = 2 * moved[index]
        first.append((energy_of(flat + moved) - energy_of(flat - moved)) / apart)
        second.append((slope(flat + moved) - slope(flat - moved)) / apart)
    return np.array(first), np.array(second)


def third_difference(function, middle, step):
    """The third derivative of a function of one number, by a difference over 3 steps."""
    up2, up1, down1, down2 = (function(middle + k * step) for k in (1.5, 0.5, -0.5, -1.5))
    return (up2 - 3 * up1 + 3 * down1 - down2) / step**3


def silicon(displacement, sheared):
    """64 atoms of diamond silicon, each moved by so many Angstrom in a random direction."""
    random = np.random.default_rng(3)
    atoms = bulk("Si", "diamond", a=5.431, cubic=True).repeat(2)
    if sheared:
        shear = np.eye(3) + 0.03 * random.normal(size=(3, 3))
        atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    directions = random.normal(size=(len(atoms), 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    atoms.positions += displacement * directions
    return atoms


def lammps_results(atoms, lines, elements):
    """Energy, forces and stress by LAMMPS with these lines for the potential, a dict."""
    calculator = LammpsCalculator(SimpleNamespace(elements=elements, lammps_lines=lines))
    try:
        calculator.calculate(atoms)
        return calculator.results
    finally:
        calculator.close()


def own_results(atoms, potential):
    """Energy, forces and stress by JAX, a dict."""
    calculator = potential.calculator()
    calculator.calculate(atoms)
    return calculator.results


def assert_same(atoms, found, expected, energy, forces, stress):
    """The results agree: energy in eV an atom, forces in eV/Angstrom, stress in eV/Angstrom^3."""
    assert abs(found["energy"] - expected["energy"]) < energy * len(atoms)
    np.testing.assert_allclose(found["forces"], expected["forces"], rtol=0, atol=forces)
    np.testing.assert_allclose(found["stress"], expected["stress"], rtol=0, atol=stress)


def numbers_in(path):
    """The numbers of a potential's file of LAMMPS, behind the elements, a list."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return [float(word) for word in " ".join(lines).split()[3:]]
