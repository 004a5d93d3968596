"""Tell people what needs them: by mail, to a web address, into a file."""
