"""Data: the stack's encryption key and its Postgres."""

from components.data.database import Database, DatabaseArgs
from components.data.encryption import Encryption, EncryptionArgs

__all__ = ["Database", "DatabaseArgs", "Encryption", "EncryptionArgs"]
