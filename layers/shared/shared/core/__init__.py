"""The foundation of the other packages: DynamoDB, AWS clients, configuration, errors, time, logs and metrics."""
