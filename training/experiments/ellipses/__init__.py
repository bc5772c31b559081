"""A pair that is made here, and whose conditional is known: brown ellipses, and striped ones."""
