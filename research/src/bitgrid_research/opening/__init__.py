"""Opening sealed objects: age, then zstd, then tar, then the manifest; the decrypting side only.

Only the researcher's member has this: the appliance holds nothing that opens what it sealed.
"""
