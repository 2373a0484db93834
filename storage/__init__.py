"""What outlives a run: the database and the artefact store."""
