"""Three-way merges of generated trees with what people made of the last one."""
