"""Files that a run takes in: from allowed folders of the worker, or from the artefact store."""
