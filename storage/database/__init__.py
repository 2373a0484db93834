"""Models, repositories, sessions and migrations of the database."""
