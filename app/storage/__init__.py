"""Storage: the database, the cache in front, keys, rate limits and usage."""
