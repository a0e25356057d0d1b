"""Runs the tests of host_tests/both on the interpreter at hand, CPython or MicroPython, without pytest.

    micropython host_tests/both_runner.py [FILE...]      all files of host_tests/both without any

Prints "ok N" with the number of test functions, or the traceback of each that fails; exit code 1 then.
HANPORT_PLAIN=1 in the environment refuses the native code, as a chip that cannot run it does.
"""

import os
import sys

_HERE = __file__.replace("\\", "/").rpartition("/")[0] or "."


def refuse_native():
    """Make every later import of hanport._fast raise ImportError: the plain loops are used then."""
    import builtins

    real = builtins.__import__

    def guarded(name, module_globals=None, module_locals=None, fromlist=(), level=0):
        if name == "hanport._fast" or (name == "hanport" and fromlist and "_fast" in fromlist):
            raise ImportError("native code refused by HANPORT_PLAIN")
        return real(name, module_globals, module_locals, fromlist, level)

    builtins.__import__ = guarded


def prepare():
    """Put lib/ and host_tests/both on the path and heed HANPORT_PLAIN. Before any import from lib/."""
    sys.path[:0] = [_HERE + "/both", _HERE + "/../lib"]
    if os.getenv("HANPORT_PLAIN") == "1":
        refuse_native()


def _tell(fault):
    if hasattr(sys, "print_exception"):
        sys.print_exception(fault)
    else:
        import traceback

        traceback.print_exception(type(fault), fault, fault.__traceback__, file=sys.stdout)


def _attempt(words, action):
    """What action gives; None after it failed, with its traceback told."""
    try:
        return action() or True
    except Exception as fault:
        print("FAILED " + words)
        _tell(fault)
    return None


def run(files):
    """Run all test functions of these files; return (how many ran, how many failed)."""
    ran = failed = 0
    for file in files:
        folder, _, name = file.replace("\\", "/").rpartition("/")
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
        name = name[:-3]
        module = _attempt(file, lambda name=name: __import__(name))
        if module is None:
            failed += 1
            continue
        for test in sorted(dir(module)):
            if test.startswith("test_") and callable(getattr(module, test)):
                ran += 1
                if _attempt(file + " " + test, getattr(module, test)) is None:
                    failed += 1
    return ran, failed


def main(files):
    """Run the files given, or all of host_tests/both; return the exit code."""
    prepare()
    if not files:
        names = sorted(os.listdir(_HERE + "/both"))
        files = [_HERE + "/both/" + n for n in names if n.startswith("test_") and n.endswith(".py")]
    ran, failed = run(files)
    if failed:
        print(failed, "of", ran, "failed")
        return 1
    print("ok", ran)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
