"""Wire formats for ranking documents, one module each with an `OPERATION`; the `[rerank]` table names one."""
