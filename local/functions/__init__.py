"""Functions as Lambda runs them: warm worker processes, replaced when their code changes."""
