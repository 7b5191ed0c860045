"""HTML: bytes to text, and text to tags."""
