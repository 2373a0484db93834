"""How Repomill is started: embedded stack, bootstrap, per-workflow deployments."""
