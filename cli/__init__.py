"""`doorstep`: the operator's command line, a caller of the HTTP API like any other.

One module per noun; `connection.py` is where Doorstep is, `printing.py` is how it is shown.
"""
