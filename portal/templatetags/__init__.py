"""Template tags: how the portal's words, times and lengths are shown. `{% load portal %}`. Not here: any rule."""
