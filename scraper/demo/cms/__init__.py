"""How each CMS family addresses and prints a demo paper; one module per family."""
