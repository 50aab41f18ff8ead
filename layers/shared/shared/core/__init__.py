"""What everything else stands on: DynamoDB, AWS clients, configuration, errors, time, logs and metrics."""
