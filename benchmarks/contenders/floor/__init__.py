"""The least code on botocore and PyJWT that answers the same: no framework, no validation library, one line of log."""
