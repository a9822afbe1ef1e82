"""Proving an archive step by step, from the pinned fingerprint to the journal's hash chain.

Nothing here fetches: it works on what lies in a workspace, trusts nothing that it did not
verify, names the first bad thing and keeps the rest usable.
"""
