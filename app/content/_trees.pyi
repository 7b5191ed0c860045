from app.content.trees import Forest as Forest
