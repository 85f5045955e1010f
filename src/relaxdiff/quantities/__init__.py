"""What is computed of a crystal or a structure, and its derivative by the parameters."""
