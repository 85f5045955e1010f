"""What an energy is: a function of the structure and of named parameters."""
