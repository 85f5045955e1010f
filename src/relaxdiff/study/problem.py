"""A problem with a user's input: the key it concerns, and a sentence for the user."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """key: where it is in the config, joined by dots ("": nowhere); sentence: for the user.

    In a key a structure is given by its name, such as structures.slab.cell.
    """

    key: str
    sentence: str

    def within(self, key):
        """Whether it is in the block of the config that this key leads to."""
        return f"{self.key}.".startswith(f"{key}.")
