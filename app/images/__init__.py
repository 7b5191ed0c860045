"""Pictures of strangers, served and described: fetched through the guard, decoded in processes of their own.

The package imports nothing here: a decoder process loads `app.images.decoder` and Pillow alone.
"""
