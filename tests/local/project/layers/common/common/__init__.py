"""The shared layer of the test project."""

VERSION = "1"
