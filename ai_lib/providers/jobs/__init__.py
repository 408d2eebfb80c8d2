"""Wire formats for batch jobs, one module each with a `FORMAT`; the `[jobs]` table names one.

A format sends nothing: each of its functions yields the requests to make and is given the answers.
"""
