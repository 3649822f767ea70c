"""Who may do what: accounts, teams, roles, permissions. Not sign-in itself, which is django-allauth's."""
