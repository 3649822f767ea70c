"""Template tags of this half. Not here: any rule."""
