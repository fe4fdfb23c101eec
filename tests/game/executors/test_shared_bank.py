"""The bank in shared memory: the same numbers in another process, and no segment left behind."""

import numpy as np
import pytest

from game.executors import shared_bank
from game.executors.segments import has_room
from game.executors.shared_bank import MappedBank, SharedBank
from game.policies.bank import build_bank
from tests.doubles import scripted_field

FIELD = scripted_field()


def test_a_mapped_bank_is_the_bank_and_goes_with_its_owner():
    bank = build_bank(FIELD)
    shared = SharedBank(bank)
    mapped = MappedBank(shared.address)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(bank, mapped.bank, strict=True))
    assert not any(array.flags.writeable for array in mapped.bank)
    mapped.close()
    shared.close()
    with pytest.raises(FileNotFoundError):
        MappedBank(shared.address)


def test_a_bank_still_in_use_is_let_go_without_an_error():
    shared = SharedBank(build_bank(FIELD))
    mapped = MappedBank(shared.address)
    held = mapped.bank
    mapped.close()
    assert held.table.shape == (3, 5)
    shared.close()
    del held
    mapped._segment.close()


def test_without_room_for_a_segment_the_bank_travels_as_bytes(tmp_path):
    assert has_room(1000, tmp_path)
    assert not has_room(2**62, tmp_path)
    assert has_room(2**62, tmp_path / "missing")
    bank = build_bank(FIELD)
    content = shared_bank._content(bank).tobytes()
    sizes = len(bank.table), len(bank.integers), len(bank.reals)
    mapped = MappedBank(shared_bank.BankAddress("", content, *sizes))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(bank, mapped.bank, strict=True))
    mapped.close()
