"""Which stored vectors lie near a given one: exactly in RAM, or by Chroma, on disk or on a server; a keeper decides."""
