"""A release: a dated folder of tables with everything needed to read, check, cite and deposit them."""
