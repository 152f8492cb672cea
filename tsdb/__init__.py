"""The store: head, write-ahead log and chunk files. `database.Database` is its door."""
