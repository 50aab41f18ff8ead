"""What every function shares. ARCHITECTURE.md shows which module may know which."""

import gc
import os

__version__ = "0.1.0"

# Imports create some 50,000 objects that are never freed. Scanning them for garbage again and again takes 5 to 10% of
# a cold start, so on Lambda garbage collection is off until `shared.core.startup.finish`.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
