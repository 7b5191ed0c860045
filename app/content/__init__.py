"""Main content of a page: the blocks of text that the page is about, and their Markdown.

Rule 1: time and memory are linear in the page.
Rule 2: a page without a main content is given whole, and the answer says so.
"""

from app.content.reading import Content, content_fields, read_content

__all__ = ["Content", "content_fields", "read_content"]
