"""From the cut article subtree to clean text."""
