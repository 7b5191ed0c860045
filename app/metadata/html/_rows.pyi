from app.metadata.html.rows import Rows as Rows
