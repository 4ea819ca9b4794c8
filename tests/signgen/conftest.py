"""One thread for what computes with torch, where small tensors make threads wait for each other;
and a place to render in.
"""

from collections.abc import Iterator

import pytest
import torch

from tests.signgen.render_place import Place, make_place


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("render"))
