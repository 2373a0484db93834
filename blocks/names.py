"""Names of the block documents that bootstrap makes and flows load."""

DATABASE = "default"
ARTIFACTS = "default"
RESULT_STORAGE = f"repomill-artifacts/{ARTIFACTS}"
MODELS = "openai"
