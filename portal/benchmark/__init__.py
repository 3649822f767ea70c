"""How fast the portal is, measured on a database made for it: `manage.py benchmark`. Never touches the portal's own data."""
