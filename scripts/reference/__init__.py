"""The pages of docs/reference, one module each; nothing is said there that the code does not say."""
