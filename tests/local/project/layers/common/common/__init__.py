"""What the functions of the test project share."""

VERSION = "1"
