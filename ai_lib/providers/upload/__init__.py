"""Wire formats for uploading files, one module each with `Options`, `encode` and `decode`; `[upload]` names one."""
