"""The use cases of the endpoints, which the contenders share; each has its own HTTP, validation and way to DynamoDB."""
