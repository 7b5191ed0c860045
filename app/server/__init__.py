"""Server: gunicorn's settings, its worker and the process that runs jobs."""
