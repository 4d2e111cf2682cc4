"""`lockrig prove`: the suite against every known-bad lock.

An *item* is one scenario on one station. On golden locks each runs once and tells which
defects' branch points it consulted; then it meets every defect that it consulted.
"""
