"""Browser: pages that need scripts, rendered by Chromium behind a filtering proxy."""
