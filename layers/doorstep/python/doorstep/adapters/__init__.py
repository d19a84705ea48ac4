"""The outside world behind the ports: one package per port, one module per provider.

A provider is one module of its port's package with one function, `build(settings: Settings)`, that
answers the port. The package's `load(name)` imports the one asked for and no other:
`carriers.load("sandbox").build(settings)`. It lists its own folder, so a new provider is known, and
under its contract suite, as soon as its file is there.

`Settings` is imported for the type checker only: at run time no adapter knows the runtime.
"""
