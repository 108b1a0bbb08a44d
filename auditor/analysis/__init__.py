"""Pure analysis of one inventory: what it is, what is exposed, which segments it holds."""
