"""The probe: its batches, a pass that leaves no trace, and what is said about both."""
