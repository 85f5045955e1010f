"""The energy of a structure from that of one atom, and its derivatives by JAX.

With e the energy of an atom from the vectors v to its neighbours,

    U = sum_i e(v_i1, v_i2, ...; theta),    v_ij = (x_j - x_i + shift) F,

where x are positions before the cell is deformed by F. The first derivatives are assembled atom by
atom, from reverse mode on e alone, in blocks: what one block takes is all the memory there is.
Second derivatives are forward mode on that.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

FAR = 1e3  # Angstrom, in each direction; where absent neighbours are


class Slopes(NamedTuple):
    """The energy and its first derivatives.

    energy: eV; by_positions: (N, 3), eV/Angstrom; by_deformation: (3, 3), eV; by_theta: (P,).
    """

    energy: jax.Array
    by_positions: jax.Array
    by_deformation: jax.Array
    by_theta: jax.Array


class Derivatives(NamedTuple):
    """Compiled functions of one model; see `derivatives_of`."""

    slopes: object
    along: object
    product: object
    along_many: object
    along_many_by_parameters: object
    rows: object
    rows_by_parameters: object
    by_parameters: object
    dynamical: object
    second_order_of_many: object
    second_order_by_parameters: object
    dynamical_of_many: object


@functools.lru_cache(maxsize=16)
def derivatives_of(energy, names):
    """The Derivatives of an atom's energy function with parameters of these names, a tuple.

    `slopes(place, theta, structure)` gives Slopes. place: x (N, 3) and F (3, 3); structure: cell
    (3, 3), species (N,) and the arrays of a NeighbourTable. `along(place, theta, structure,
    change)` gives the Slopes' derivative along a change of place and theta, (x, F, theta);
    `along_many` along k changes, the first axis of each array. `product(place, theta, structure,
    displacements)` gives the derivative of by_positions alone along displacements (N, 3), for a
    third of the work. `by_parameters` gives the Slopes' derivatives by each parameter, the last
    axis of its arrays, `along_many_by_parameters` those of `along_many`.

    `rows(place, theta, structure, moved, near, counted)` gives the Hessian's rows of some atoms:
    the derivatives of by_positions and by_deformation along each of their displacements,
    (k, 3, N, 3) and (k, 3, 3, 3). Only atoms that have it as a neighbour feel an atom move. moved:
    the atoms, (k,); near: those that feel each, (k, w); counted: 1, or 0 where there is none,
    (k, w). `rows_by_parameters` gives their derivatives by each parameter, the last axis.

    `dynamical(x, theta, structure, waves)` gives dynamical matrices without masses, transposed,
    (k, 3N, 3N), of a primitive cell at wave vectors (k, 3), 1/Angstrom:

        D_ij(q) = sum_R d2U / du_i(0) du_j(R) exp(i q . R)

    `second_order_of_many(q, theta, positions, cells, basis, fixed)` gives energies (V,), gradients
    (V, n) and Hessians (V, n, n) of many structures, the first axis of the first four arguments,
    in the coordinates q; basis: displacements (N, 3, modes) and strains (s, 3, 3); fixed: species
    and a NeighbourTable's arrays, the same for all. `second_order_by_parameters` gives these of one
    structure, and their derivatives by each parameter, the last axis.
    `dynamical_of_many(theta, positions, cells, waves, fixed)` gives `dynamical` of each.

    Each function is compiled once for each size of structure.
    """
    whole = _Whole(energy, names)
    along_many = jax.vmap(whole.along, in_axes=(None, None, None, 0))
    return Derivatives(
        slopes=jax.jit(whole.slopes),
        along=jax.jit(whole.along),
        product=jax.jit(whole.product),
        along_many=jax.jit(along_many),
        along_many_by_parameters=jax.jit(jax.jacfwd(along_many, argnums=1)),
        rows=jax.jit(whole.rows),
        rows_by_parameters=jax.jit(jax.jacfwd(whole.rows, argnums=1)),
        by_parameters=jax.jit(jax.jacfwd(whole.slopes, argnums=1)),
        dynamical=jax.jit(whole.dynamical),
        second_order_of_many=jax.jit(
            jax.vmap(whole.second_order, in_axes=(0, 0, 0, 0, None, None))
        ),
        second_order_by_parameters=jax.jit(whole.second_order_by_parameters),
        dynamical_of_many=jax.jit(whole.dynamical_of_many),
    )


class _Whole:
    """The functions of `derivatives_of` before they are compiled."""

    def __init__(self, energy, names):
        def of_atom(species, neighbours, vectors, theta):
            return energy(species, neighbours, vectors, dict(zip(names, theta, strict=True)))

        slopes = jax.value_and_grad(of_atom, argnums=(2, 3))
        self.of_atoms = jax.vmap(slopes, in_axes=(0, 0, 0, None))

    def of_vectors(self, kinds, apart, there, deformation, theta):
        """Energies of atoms, their derivatives by theta, those by apart, and by the deformation."""
        vectors = jnp.where(there, apart @ deformation, FAR)
        found, (by_vectors, by_theta) = self.of_atoms(*kinds, vectors, theta)
        by_vectors = by_vectors * there
        by_deformation = jnp.einsum("bka,bkc->ac", jnp.where(there, apart, 0.0), by_vectors)
        return found, by_theta, by_vectors @ deformation.T, by_deformation

    def slopes(self, place, theta, structure):
        (positions, deformation), (cell, species, *table) = place, structure

        def add(total, block):
            atoms, own, others, shifts, present = block
            apart = positions[others] - positions[atoms][:, None] + shifts @ cell
            there = (present * own[:, None])[..., None]
            kinds = species[atoms], species[others]
            found, by_theta, by_apart, by_deformation = self.of_vectors(
                kinds, apart, there, deformation, theta
            )
            return (
                Slopes(
                    total.energy + own @ found,
                    _added(total.by_positions, atoms, others, by_apart),
                    total.by_deformation + by_deformation,
                    total.by_theta + own @ by_theta,
                ),
                None,
            )

        nothing = Slopes(
            jnp.zeros(()), jnp.zeros_like(positions), jnp.zeros((3, 3)), jnp.zeros_like(theta)
        )
        return jax.lax.scan(add, nothing, tuple(table))[0]

    def along(self, place, theta, structure, change):
        *moved, by_theta = change
        _, tangent = jax.jvp(
            lambda place, theta: self.slopes(place, theta, structure),
            (place, theta),
            (tuple(moved), by_theta),
        )
        return tangent

    def product(self, place, theta, structure, displacements):
        positions, deformation = place

        def by_positions(positions):
            return self.slopes((positions, deformation), theta, structure).by_positions

        return jax.jvp(by_positions, (positions,), (displacements,))[1]

    def second_order(self, q, theta, positions, cell, basis, fixed):
        modes, strains = basis

        def gradient(q):
            displacements = modes @ q[: modes.shape[-1]]
            deformation = jnp.eye(3) + jnp.tensordot(q[modes.shape[-1] :], strains, axes=1)
            place = positions + displacements, deformation
            found = self.slopes(place, theta, (cell, *fixed))
            on_modes = jnp.tensordot(found.by_positions, modes, axes=2)
            on_strains = jnp.tensordot(strains, found.by_deformation, axes=2)
            return jnp.concatenate([on_modes, on_strains]), found.energy

        slopes, energy = gradient(q)
        return energy, slopes, jax.jacfwd(lambda q: gradient(q)[0])(q)

    def second_order_by_parameters(self, q, theta, positions, cell, basis, fixed):
        def of(theta):
            found = self.second_order(q, theta, positions, cell, basis, fixed)
            return found, found

        changes, whole = jax.jacfwd(of, has_aux=True)(theta)
        return whole, changes

    def rows(self, place, theta, structure, moved, near, counted):
        (positions, deformation), (cell, species, *table) = place, structure
        _, _, others, shifts, present = (each.reshape(-1, *each.shape[2:]) for each in table)

        def of_one(moved, near, counted):
            neighbours, there = others[near], (present[near] * counted[:, None])[..., None]
            apart = positions[neighbours] - positions[near][:, None] + shifts[near] @ cell

            def slopes_of(apart):
                kinds = species[near], species[neighbours]
                _, _, by_apart, by_deformation = self.of_vectors(
                    kinds, apart, there, deformation, theta
                )
                nothing = jnp.zeros_like(positions)
                return _added(nothing, near, neighbours, by_apart), by_deformation

            # How each vector changes when the atom moves: with its neighbours', against its own.
            change = (neighbours == moved).astype(float) - (near == moved)[:, None]
            return jax.vmap(
                lambda axis: jax.jvp(slopes_of, (apart,), (change[..., None] * axis,))[1]
            )(jnp.eye(3))

        return jax.vmap(of_one)(moved, near, counted)

    def dynamical(self, positions, theta, structure, waves):
        cell, species, _, _, others, shifts, present = structure
        others, present = others[0], present[0][..., None]
        translations = shifts[0] @ cell
        vectors = positions[others] - positions[:, None] + translations

        def by_vectors(vectors):
            kinds, vectors = (species, species[others]), jnp.where(present, vectors, FAR)
            _, (found, _) = self.of_atoms(*kinds, vectors, theta)
            return found * present

        def acted_on(wave, displaced):
            # A wave with these complex amplitudes moves the image at R by exp(i q . R).
            phases = jnp.exp(1j * (translations @ wave))[..., None]
            apart = displaced[others] * phases - displaced[:, None]
            real, imaginary = (
                jax.jvp(by_vectors, (vectors,), (part,))[1] for part in (apart.real, apart.imag)
            )
            changed = real + 1j * imaginary
            back = jnp.zeros_like(displaced).at[others].add(changed * phases.conj())
            return back - changed.sum(axis=1)

        units = jnp.eye(positions.size, dtype=complex).reshape(-1, *positions.shape)
        each = jax.vmap(jax.vmap(acted_on, in_axes=(None, 0)), in_axes=(0, None))
        return each(waves, units).reshape(len(waves), positions.size, positions.size)

    def dynamical_of_many(self, theta, positions, cells, waves, fixed):
        # One after the other: one alone fills the memory that a block of atoms does.
        return jax.lax.map(
            lambda each: self.dynamical(each[1], each[0], (each[2], *fixed), each[3]),
            (theta, positions, cells, waves),
        )


def _added(total, atoms, others, by_apart):
    """Derivatives by positions with those by others' positions less the atoms' added."""
    return total.at[others].add(by_apart).at[atoms].add(-by_apart.sum(axis=1))
