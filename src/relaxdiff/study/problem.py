"""Something wrong with a user's input: what it is about, and the sentence that tells it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """key: of the config, joined by dots, in which it is ("": none); sentence: for the user.

    A structure stands in a key by its name, such as structures.slab.cell.
    """

    key: str
    sentence: str

    def within(self, key):
        """Whether it is in the block of the config that this key leads to."""
        return f"{self.key}.".startswith(f"{key}.")
