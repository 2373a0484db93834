"""The core of Repomill: plain typed Python, free of engine, database and vendor SDKs."""
