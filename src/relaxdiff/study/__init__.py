"""The config of a study and the files it names, checked before any job starts."""

__all__ = []
