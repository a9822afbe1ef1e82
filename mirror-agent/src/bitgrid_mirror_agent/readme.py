"""The text that lies beside every log: how to verify and open it without any program of ours."""

README = """\
A BitGridAI archive, format 1
=============================

Objects are sealed copies of a household's journal, for the recipients that its owner chose.

  obj/ab/SHA256.age           sealed object, named by the SHA-256 of its bytes
  log/tile/L/N[.p/W]          Merkle tree hashes      (C2SP tlog-tiles, https://c2sp.org)
  log/tile/entries/N[.p/W]    leaves: 16-bit length, then canonical JSON
  log/checkpoint.d/SIZE       signed note per push: the newest is the one with the largest number
  log/checkpoint              a copy of the newest for other tools; not authoritative
  keys/000.note               the keys that sign; compare their fingerprint with the one you were given

Open an object (age 1.0 or newer, zstd, tar):

  age -d -i KEY.txt obj/ab/SHA256.age | zstd -d | tar x

It holds manifest.json and the files that the manifest names with their SHA-256.

Verify the newest checkpoint and all leaves (Python 3, package "cryptography"):

  import base64, hashlib, pathlib
  from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
  H = lambda b: hashlib.sha256(b).digest()
  note = max(pathlib.Path("log/checkpoint.d").iterdir()).read_bytes()
  text, signature = note.split(b"\\n\\n")[0] + b"\\n", base64.b64decode(note.split()[-1])[4:]
  key = base64.b64decode(pathlib.Path("keys/000.note").read_text().split("\\n")[2].split("+", 2)[2])
  print("fingerprint", H(key).hex())
  Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, text)
  origin, size, root = text.decode().splitlines()[:3]
  leaves = []
  while len(leaves) < int(size):
      n, width = len(leaves) // 256, min(256, int(size) - len(leaves))
      groups = [f"{n % 1000:03d}"]
      while n := n // 1000: groups.insert(0, f"x{n % 1000:03d}")
      name = "log/tile/entries/" + "/".join(groups) + ("" if width == 256 else f".p/{width}")
      data = pathlib.Path(name).read_bytes()
      while data:
          end = 2 + int.from_bytes(data[:2], "big")
          leaves.append(data[2:end]); data = data[end:]
  def tree(l):
      if len(l) == 1: return H(b"\\0" + l[0])
      k = 1 << (len(l) - 1).bit_length() - 1
      return H(b"\\1" + tree(l[:k]) + tree(l[k:]))
  assert tree(leaves) == base64.b64decode(root), "the leaves are not those that were signed"
  print(origin, size, "leaves verified")

Then every leaf that names an "obj" must have its object, and the hash must be right.
"""
