"""FastAPI behind Mangum, with a boto3 client: pydantic models both ways, dependencies for the caller and the limits."""
