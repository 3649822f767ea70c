"""Reports on assessments: one value holds what is reported (`content`, `consolidated`), and each format writes that value.

Here: JSON is the value itself, `spreadsheet` and `pdf` write it, a template shows it. Not here: who may read it (views and API).
"""
