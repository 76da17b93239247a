"""The drawn parts of the character, one module per part of the figure."""
