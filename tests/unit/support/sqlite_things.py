"""A small schema, and what tests do with its table."""

from watcher.util.sqlite_file import Schema, SqliteFile

ONE = Schema("things", (("CREATE TABLE things (name TEXT)",),))


def names(file: SqliteFile) -> list[str]:
    with file.reading() as cursor:
        return [row[0] for row in cursor.execute("SELECT name FROM things")]


def add(file: SqliteFile, name: str) -> None:
    with file.writing() as cursor:
        cursor.execute("INSERT INTO things (name) VALUES (?)", (name,))
