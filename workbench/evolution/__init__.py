"""A population of adapters becomes a better one, within a budget, and everything that was tried is on record.

    search ─► ask ─► Generation ─► trier: weights, race ─► trials ─► tell ─► ledger ─► champion

`loop.Evolution` is the walk; `search/`, `selection/`, `crossover/` and `mutation/` decide, `pool` makes weights of
genomes, `trying` and `racing` score them, `ledger` and `lineage` remember.
"""
