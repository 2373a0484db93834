"""SQL on the databases of a workflow: statements, what they give, and the port that runs them."""
