"""All queries, one repository per concept; each is bound to a session and a scope."""
