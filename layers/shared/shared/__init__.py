"""What every function shares. ARCHITECTURE.md shows which module may know which."""

import gc

__version__ = "0.1.0"

# Importing makes some 50,000 objects that all stay. Looking for garbage among them again and again takes up to a tenth
# of a cold start, so nobody looks before `shared.startup.finish`.
gc.disable()
