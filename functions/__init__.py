"""One module per Lambda.

Its name says what it does, its first line what wakes it and what comes of it.
"""
