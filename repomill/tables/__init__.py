"""Tables: lists of objects, the operations on them through pandas, and the files they are written to."""
