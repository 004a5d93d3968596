"""Whether an article is about the militia, and why."""
