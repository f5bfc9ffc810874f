"""What the tests stand on: a private PostgreSQL, the processes of a real site, the cast, and no outside network."""
