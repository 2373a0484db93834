"""Images from models: sources, what is asked, prices, and whether what came is an image."""
