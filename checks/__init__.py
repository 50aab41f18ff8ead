"""What `make check` looks at beyond types and style: rules for the template, and the layer's dependencies."""
