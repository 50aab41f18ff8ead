"""Use cases of accounts: each function reads, decides, and ends with one `write`. `lookup` and `tokens` are helpers."""
