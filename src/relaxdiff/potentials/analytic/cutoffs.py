"""How an energy ends at a distance: functions of it that JAX differentiates without a NaN."""

import jax.numpy as jnp


def lengths(vectors):
    """Lengths (K,) in Angstrom of vectors (K, 3), none of them zero."""
    return jnp.sqrt(jnp.sum(vectors**2, axis=-1))


def switched(r, on, off):
    """1 below r = on, 0 above r = off, and between them a polynomial; all in Angstrom.

    With x = (r - on) / (off - on) it is 1 - x^4 (35 - 84 x + 70 x^2 - 20 x^3), whose first three
    derivatives are 0 at both ends. It is written as (1 - x)^4 (1 + 4 x + 10 x^2 + 20 x^3), the same
    polynomial, which keeps its relative accuracy up to x = 1.
    """
    x = jnp.clip((r - on) / (off - on), 0.0, 1.0)
    return (1 - x) ** 4 * (1 + x * (4 + x * (10 + x * 20)))


def vanishing(r, length, cutoff):
    """exp(length / (r - cutoff)) below r = cutoff, 0 elsewhere; all in Angstrom, length positive.

    All derivatives are 0 at the cutoff (Stillinger & Weber, Phys. Rev. B 31, 5262 (1985), eq 2.3).
    """
    inside = r < cutoff
    below = jnp.where(inside, r - cutoff, -1.0)  # nowhere 0, so that no derivative is a NaN
    return jnp.where(inside, jnp.exp(length / below), 0.0)
