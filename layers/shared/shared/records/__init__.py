"""What is stored: one module for each kind of item, with its table, keys, conditions and conversion."""
