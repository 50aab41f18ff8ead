"""Powertools as its documentation shows it: Logger, Tracer, Metrics, the validating resolver, and boto3's resource."""
