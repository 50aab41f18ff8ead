"""What `make check` checks beyond types and style: rules for the template, and the layer's dependencies."""
