"""Wire formats for reranking, one module each with `Options`, `encode` and `decode`; a `[rerank]` table names one."""
