"""What layers put out in a pass, and which of it is padding."""
