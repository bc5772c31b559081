"""Names of models, domains, datasets and keys: safe in a path, a query and a header."""

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
OF = "a-z, 0-9, '.', '_' and '-', a letter or a digit first, 64 at most"  # what one may hold, in words
