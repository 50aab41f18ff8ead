"""AWS on this machine: MiniStack, kept durable, and what AWS does by itself (streams, schedules, expiry, rotation)."""

ACCOUNT, REGION = "000000000000", "eu-west-1"
