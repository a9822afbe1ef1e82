"""Opening against other sealers: pyrage and the stock age program seal, we open."""

import io
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest
import zstandard

from bitgrid_core.archive.limits import LIMITS
from bitgrid_research.opening.age import NoMatch, decrypt
from bitgrid_research.opening.identity import Identity, identity_of, parse_identity
from bitgrid_research.opening.stream import BadPayload
from bitgrid_research.opening.unpack import BadContent, decompress, read_tar, unpack
from bitgrid_research.outcome import WrongUse
from support.tars import Entry, ustar

OWNER = identity_of(bytes(range(32)))
OTHER = identity_of(bytes(range(1, 33)))
SIZES = (0, 1, 65535, 65536, 65537, 200_000)


def opened(data: bytes, *who: Identity) -> bytes:
    """All plaintext of an age file."""
    return b"".join(decrypt(io.BytesIO(data), who))


def sealed_by_pyrage(plain: bytes, *who: Identity) -> bytes:
    """An age file made by another implementation."""
    recipients = [pyrage.x25519.Recipient.from_str(one.recipient) for one in who]
    return bytes(pyrage.encrypt(plain, recipients))


@pytest.mark.parametrize("size", SIZES)
def test_file_sealed_by_pyrage_opens(size: int) -> None:
    """What pyrage seals for two recipients, each of both opens."""
    plain = bytes(i % 251 for i in range(size))
    data = sealed_by_pyrage(plain, OTHER, OWNER)
    assert opened(data, OWNER) == plain
    assert opened(data, OTHER) == plain


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
@pytest.mark.parametrize("size", [0, 65536, 70_000])
def test_file_sealed_by_stock_age_opens(size: int) -> None:
    """What the stock age program seals, we open."""
    plain = bytes(size)
    command = ["age", "-r", OWNER.recipient]
    data = subprocess.run(command, input=plain, capture_output=True, check=True).stdout
    assert opened(data, OWNER) == plain


@pytest.mark.skipif(shutil.which("age-keygen") is None, reason="age-keygen is not installed")
def test_identity_made_by_age_keygen_is_read(tmp_path: Path) -> None:
    """The stock program's key file gives the recipient that it names itself."""
    made = subprocess.run(["age-keygen"], capture_output=True, check=True, text=True).stdout
    named = made.split("# public key: ")[1].splitlines()[0]
    assert parse_identity(made.splitlines()[-1]).recipient == named


def test_file_for_others_does_not_open() -> None:
    """An identity that is no recipient opens nothing, and this is no sign of tampering."""
    with pytest.raises(NoMatch, match="None of 1 identities"):
        opened(sealed_by_pyrage(b"x", OTHER), OWNER)


def test_cut_file_does_not_end_quietly() -> None:
    """A payload cut at any chunk's border is found."""
    data = sealed_by_pyrage(bytes(3 * 65536), OWNER)
    for cut in (1, 65552, 2 * 65552):
        with pytest.raises(BadPayload):
            opened(data[:-cut], OWNER)


@pytest.mark.parametrize(
    "text",
    ["", "AGE-SECRET-KEY-1", OWNER.recipient, OWNER.text[:-1] + "Q", OWNER.text.lower(), "AGE-1"],
)
def test_text_that_is_no_identity_is_refused(text: str) -> None:
    """A mistyped or foreign key is refused, and the text, which may be a secret, not repeated."""
    with pytest.raises(WrongUse) as caught:
        parse_identity(text)
    assert len(text) < 20 or text not in str(caught.value)


def test_repr_of_an_identity_hides_the_secret() -> None:
    """A secret never gets into a log by accident."""
    assert str(OWNER.secret) not in repr(OWNER)
    assert OWNER.text not in repr(OWNER)


def test_plain_tar_gives_its_files() -> None:
    """Files come out with name, bytes and order."""
    data = ustar([Entry(name="manifest.json", body=b"{}"), Entry(name="logs/a.jsonl", body=b"x\n")])
    packed = zstandard.compress(data)
    assert list(unpack(iter([packed])).items()) == [
        ("manifest.json", b"{}"),
        ("logs/a.jsonl", b"x\n"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "logs/../x",
        "logs/.hidden",
        "logs//x",
        "logs/a/b",
        "logs",
        "LOGS/x",
        "logs/x\n",
        "logs\\x",
        "",
        "logs/é",
    ],
)
def test_path_that_could_leave_the_folder_is_refused(name: str) -> None:
    """Only `manifest.json` and `stream/file` exist; every other path is refused."""
    with pytest.raises(BadContent, match="names the path"):
        read_tar(ustar([Entry(name=name, body=b"x")]))


@pytest.mark.parametrize("typeflag", ["1", "2", "3", "4", "5", "6", "7", "L", "K", "x", "g", "S"])
def test_entry_that_is_no_plain_file_is_refused(typeflag: str) -> None:
    """Links, devices, folders and extension headers are refused, not interpreted."""
    with pytest.raises(BadContent, match="not a plain file"):
        read_tar(ustar([Entry(name="logs/x", body=b"", typeflag=typeflag)]))


def test_same_name_twice_is_refused() -> None:
    """A second file cannot take the place of a verified first."""
    twice = [Entry(name="logs/x", body=b"1"), Entry(name="logs/x", body=b"2")]
    with pytest.raises(BadContent, match="twice"):
        read_tar(ustar(twice))


def test_too_many_files_are_refused() -> None:
    """The count of files is bounded, however small they are."""
    many = [Entry(name=f"logs/{i}", body=b"") for i in range(LIMITS.manifest_files + 2)]
    with pytest.raises(BadContent, match="too many files"):
        read_tar(ustar(many))


@pytest.mark.parametrize("cut", [1, 512, 1024, 1025, 1536, 1537, 2048])
def test_cut_tar_is_refused(cut: int) -> None:
    """A tar without its end mark is refused wherever it was cut."""
    with pytest.raises(BadContent):
        read_tar(ustar([Entry(name="logs/x", body=b"x")])[:-cut])


def test_changed_tar_header_is_refused() -> None:
    """An entry whose checksum does not hold is refused."""
    data = bytearray(ustar([Entry(name="logs/x", body=b"x")]))
    data[120] ^= 1
    with pytest.raises(BadContent):
        read_tar(bytes(data))


@pytest.mark.parametrize("size", [b"9" * 11 + b"\0", b"\x80" + b"\xff" * 11, b"-1\0", b"7" * 12])
def test_absurd_size_in_a_tar_is_refused(size: bytes) -> None:
    """A size that is no octal number, or larger than what is there, is refused."""
    with pytest.raises(BadContent):
        read_tar(ustar([Entry(name="logs/x", body=b"x", size=size)]))


def test_zip_bomb_is_refused_at_the_limit() -> None:
    """A small object that promises gigabytes stops at the limit, long before memory does."""
    frame = zstandard.compress(bytes(LIMITS.object_opened // 2))
    with pytest.raises(BadContent, match="unpacks to more than"):
        decompress(iter([frame] * 1000))


def test_padding_after_the_frame_is_skipped() -> None:
    """A skippable frame, which hides the size, changes nothing of the content."""
    padded = zstandard.compress(b"content") + bytes.fromhex("502a4d18") + b"\x05\0\0\0" + bytes(5)
    assert decompress(iter([padded[:3], padded[3:]])) == b"content"


@pytest.mark.parametrize("data", [b"", b"no zstd at all", zstandard.compress(b"x" * 9000)[:-3]])
def test_what_is_no_whole_compressed_tar_is_refused(data: bytes) -> None:
    """Empty, foreign and cut plaintexts give no files."""
    with pytest.raises(BadContent):
        unpack(iter([data]))


def test_frame_with_a_huge_window_is_refused() -> None:
    """A frame cannot make the reader reserve more than the window limit."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = packer.compress(bytes(100)) + packer.flush()
    with pytest.raises(BadContent, match="not compressed"):
        decompress(iter([data]))
