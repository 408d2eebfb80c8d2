"""Wire formats for uploading files, one module each with an `OPERATION`; the `[upload]` table names one."""
