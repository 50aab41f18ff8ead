"""Rules that cfn-lint loads."""
