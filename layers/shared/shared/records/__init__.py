"""Stored records: one module per entity, with its table, keys, conditions and item conversion."""
