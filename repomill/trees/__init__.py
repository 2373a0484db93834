"""File trees: path safety, manifest and digest, pack, archives, rendering and file types."""
