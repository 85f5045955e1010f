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

    Each function is compiled once for each size of structure.
    """

    def of_atom(species, neighbours, vectors, theta):
        return energy(species, neighbours, vectors, dict(zip(names, theta, strict=True)))

    of_atoms = jax.vmap(jax.value_and_grad(of_atom, argnums=(2, 3)), in_axes=(0, 0, 0, None))

    def slopes(place, theta, structure):
        (positions, deformation), (cell, species, *table) = place, structure

        def add(total, block):
            atoms, own, others, shifts, present = block
            apart = positions[others] - positions[atoms][:, None] + shifts @ cell
            there = (present * own[:, None])[..., None]
            vectors = jnp.where(there, apart @ deformation, FAR)
            found, (by_vectors, by_theta) = of_atoms(
                species[atoms], species[others], vectors, theta
            )
            by_vectors = by_vectors * there
            by_apart = by_vectors @ deformation.T
            by_positions = total.by_positions.at[others].add(by_apart)
            by_positions = by_positions.at[atoms].add(-by_apart.sum(axis=1))
            by_deformation = jnp.einsum("bka,bkc->ac", jnp.where(there, apart, 0.0), by_vectors)
            return (
                Slopes(
                    total.energy + own @ found,
                    by_positions,
                    total.by_deformation + by_deformation,
                    total.by_theta + own @ by_theta,
                ),
                None,
            )

        nothing = Slopes(
            jnp.zeros(()), jnp.zeros_like(positions), jnp.zeros((3, 3)), jnp.zeros_like(theta)
        )
        return jax.lax.scan(add, nothing, tuple(table))[0]

    def along(place, theta, structure, change):
        *moved, by_theta = change
        _, tangent = jax.jvp(
            lambda place, theta: slopes(place, theta, structure),
            (place, theta),
            (tuple(moved), by_theta),
        )
        return tangent

    def product(place, theta, structure, displacements):
        positions, deformation = place

        def by_positions(positions):
            return slopes((positions, deformation), theta, structure).by_positions

        return jax.jvp(by_positions, (positions,), (displacements,))[1]

    def rows(place, theta, structure, moved, near, counted):
        (positions, deformation), (cell, species, *table) = place, structure
        _, _, others, shifts, present = (each.reshape(-1, *each.shape[2:]) for each in table)

        def of_one(moved, near, counted):
            neighbours, there = others[near], (present[near] * counted[:, None])[..., None]
            apart = positions[neighbours] - positions[near][:, None] + shifts[near] @ cell

            def slopes_of(apart):
                vectors = jnp.where(there, apart @ deformation, FAR)
                by_vectors = of_atoms(species[near], species[neighbours], vectors, theta)[1][0]
                by_vectors = by_vectors * there
                by_apart = by_vectors @ deformation.T
                by_positions = jnp.zeros_like(positions).at[neighbours].add(by_apart)
                by_positions = by_positions.at[near].add(-by_apart.sum(axis=1))
                held = jnp.where(there, apart, 0.0)
                return by_positions, jnp.einsum("bka,bkc->ac", held, by_vectors)

            # How each vector changes when the atom moves: with its neighbours', against its own.
            change = (neighbours == moved).astype(float) - (near == moved)[:, None]
            return jax.vmap(
                lambda axis: jax.jvp(slopes_of, (apart,), (change[..., None] * axis,))[1]
            )(jnp.eye(3))

        return jax.vmap(of_one)(moved, near, counted)

    def dynamical(positions, theta, structure, waves):
        cell, species, _, _, others, shifts, present = structure
        others, present = others[0], present[0][..., None]
        translations = shifts[0] @ cell
        vectors = positions[others] - positions[:, None] + translations

        def by_vectors(vectors):
            return (
                of_atoms(species, species[others], jnp.where(present, vectors, FAR), theta)[1][0]
                * present
            )

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

    along_many = jax.vmap(along, in_axes=(None, None, None, 0))
    return Derivatives(
        slopes=jax.jit(slopes),
        along=jax.jit(along),
        product=jax.jit(product),
        along_many=jax.jit(along_many),
        along_many_by_parameters=jax.jit(jax.jacfwd(along_many, argnums=1)),
        rows=jax.jit(rows),
        rows_by_parameters=jax.jit(jax.jacfwd(rows, argnums=1)),
        by_parameters=jax.jit(jax.jacfwd(slopes, argnums=1)),
        dynamical=jax.jit(dynamical),
    )
