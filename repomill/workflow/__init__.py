"""The workflow language: specification models, validation, planning, expressions."""
