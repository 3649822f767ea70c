"""The site: settings, addresses, what both halves share. Importable without Django configured (the sandbox does so)."""
