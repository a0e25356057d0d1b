"""Let go of modules that are needed seldom, so that the collector may take their code."""

import sys


def unload(*names):
    """Forget the modules of these whole names, where they are known; the next import loads them again.

    A package keeps its modules as attributes, which alone would hold them. In an image the module that was
    loaded for the newest call goes as well, also when no name is given (tools/shrink_apart.py).
    """
    modules = sys.modules
    for name in names:
        if modules.pop(name, None) is None:
            continue
        dot = name.rfind(".")
        package = modules.get(name[:dot]) if dot > 0 else None
        if package:
            try:
                delattr(package, name[dot + 1 :])
            except AttributeError:
                pass
