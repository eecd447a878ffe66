"""The network of a stack as a picture: facts (model), geometry (layout), elements (svg)."""
