"""The journal: append-only records with a hash chain, on SQLite or in memory."""

from bitgrid_core.chain import Draft, Head, Record
from bitgrid_core.journal.memory import MemoryJournal
from bitgrid_core.journal.protocol import Journal, JournalReader

__all__ = ["Draft", "Head", "Journal", "JournalReader", "MemoryJournal", "Record"]
