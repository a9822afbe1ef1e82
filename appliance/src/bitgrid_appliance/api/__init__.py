"""The HTTP side of the edge node: reads for people and tools, and the page.

It shows what core published and what the journal holds; it decides nothing and writes
nothing but its own health. Invariant: no answer of this package can delay a decision.
"""
