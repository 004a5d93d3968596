"""How good the relevance rule is, measured on articles that people have read and labelled."""
