"""Language: what items, people and behaviour say as text, and the encoders that read it."""
