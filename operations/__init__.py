"""What is done with a deployed stack: deploying it, its first administrator, its alarms (template.yaml)."""
