"""The common phrases of a snapshot, and which articles have them: found once, in all texts at one go.

A timeline counts every hit of a phrase. FTS5 finds a phrase by reading every place of each of its words,
and the words of Vietnamese are syllables, each of them common; so what is common is found when a snapshot
is built and kept as sets of articles (docs/design-notes.md#common-phrases).

``forms`` are the two ways texts are compared, ``words`` makes numbers of words, ``tree`` chooses phrases
and finds them, ``build`` writes what was found.
"""
