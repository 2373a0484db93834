"""What an export would do to a repository, before it does it; and doing exactly that."""
