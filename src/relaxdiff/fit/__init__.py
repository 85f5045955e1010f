"""The backward direction: from properties that a structure is to have to parameters."""
