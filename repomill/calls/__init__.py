"""Calls of anything outside that may cost money: one choke point, one ledger, recordings, retries."""
