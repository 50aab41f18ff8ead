"""The usual Powertools handler: Logger, Tracer, Metrics, a validating resolver, and boto3's resource for DynamoDB."""
