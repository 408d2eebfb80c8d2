"""Wire formats for embeddings, one module each with `Options`, `encode` and `decode`; an `[embed]` table names one."""
