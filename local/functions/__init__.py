"""Functions as Lambda runs them: warm worker processes, restarted when their code changes."""
