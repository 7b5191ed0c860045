"""For any WSGI server: `gunicorn wsgi:app` (which finds gunicorn.conf.py beside this file)."""

from app import create_app

app = create_app()
