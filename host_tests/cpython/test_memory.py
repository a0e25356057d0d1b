"""The memory run of tools/bar_memory.py, shortened: the whole firmware in small heaps, and no leak."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

import bar_memory  # noqa: E402

FRAMES = 800  # beyond the first looks at the free heap, and a settings save before them


# For the image a little more than its bar of 68k, which is for `make bars`: here other tests take the time of
# the processor, and what waits for it waits in the heap.
@pytest.mark.parametrize("make, heap", [(bar_memory.IMAGE, 72 << 10), (bar_memory.TREE, 256 << 10)])
def test_it_fits_and_stays(tmp_path, make, heap):
    """Frames of all kinds, MQTT for Home Assistant, the page, the API, a save: no MemoryError, no leak."""
    told = bar_memory.Bench(tmp_path, make).run(heap, FRAMES)
    assert told["MemoryErrors"] == 0 and told["messages"] >= told["frames"] == FRAMES
    bar_memory.flat(told)


def test_a_leak_is_seen():
    bar_memory.flat({"free": 10000, "end": 8976, "first": 560})
    with pytest.raises(bar_memory.bar.BarError, match="went from 10,000 after 560 frames to 8,975"):
        bar_memory.flat({"free": 10000, "end": 8975, "first": 560})
    bar_memory.flat({"free": 100000, "end": 98000, "first": 560})
    with pytest.raises(bar_memory.bar.BarError, match="went from 100,000 after 560 frames to 97,999"):
        bar_memory.flat({"free": 100000, "end": 97999, "first": 560})
