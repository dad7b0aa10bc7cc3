"""What a snapshot and the end of a run say, as text and in a notebook."""
