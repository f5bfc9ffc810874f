"""Office files that only lie there to be read: refused as soon as something in them acts, calls out or hides."""
