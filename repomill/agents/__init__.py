"""Model access: sources, agent runs, the call ledger."""
