"""Wire formats for embeddings, one module each with an `OPERATION`; a configuration's `[embed]` table names one."""
