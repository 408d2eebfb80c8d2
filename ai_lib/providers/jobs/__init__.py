"""Wire formats for batch jobs, one module each with `submit`, `status`, `results` and `cancel`; `[jobs]` names one.

A format sends nothing: each of its functions yields the requests to send and receives their answers.
"""
