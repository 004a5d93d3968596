"""Datasets made from a published snapshot: tables in the formats that other programs read."""
