"""What every function shares. ARCHITECTURE.md shows which module may know which."""

__version__ = "0.1.0"
