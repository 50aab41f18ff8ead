"""What every function shares. ARCHITECTURE.md shows which module may know which."""

import gc
import os

__version__ = "0.1.0"

# Importing makes some 50,000 objects that all stay. Looking for garbage among them again and again is 5 to 10% of a
# cold start, so on Lambda nobody looks before `shared.core.startup.finish`.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
