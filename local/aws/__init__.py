"""AWS on this machine: MiniStack, and what AWS does by itself: streams, schedules, expiry, rotation, feedback."""

ACCOUNT, REGION = "000000000000", "eu-west-1"
