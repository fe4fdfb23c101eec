"""Plans on their way to the actors: only what has changed, and no parameters of two versions."""

import pickle
from contextlib import closing

import numpy as np
import pytest

from ai.dqn.collectors.plans import PlanBoard, PlanReader
from tests.ai.dqn.fake_actors import plan


def sent(news):
    return pickle.loads(pickle.dumps(news))  # noqa: S301  # as it travels


@pytest.fixture(params=[True, False], ids=["shared", "sent"])
def board(request):
    with closing(PlanBoard(lambda size: request.param)) as board:
        yield board


def test_a_reader_has_the_newest_plan_and_keeps_what_has_not_changed(board):
    reader, known, banks = PlanReader(), {}, []
    assert not reader.is_ready
    for number in range(1, 6):
        its = plan(number, bank=1 + number // 3)
        board.publish(its)
        reader.note(sent(board.news(known)))
        found, version = reader.current()
        assert version == board.version == number
        banks.append(found.bank)
        for name in ("parameters", "opponents", "epsilons", "hit_reward"):
            assert np.array_equal(getattr(found, name), getattr(its, name)), name
        assert np.array_equal(found.bank.reals, its.bank.reals)
    assert [bank is banks[0] for bank in banks] == [True, True, False, False, False]
    assert banks[2] is banks[4]


def test_only_what_has_changed_is_news(board):
    known = {}
    board.publish(plan(1))
    first = board.news(known)
    assert not first.is_empty
    assert {"bank", "opponents", "epsilons", "hit_reward"} <= set(first.fields)
    assert board.news(known).is_empty
    board.publish(plan(1)._replace(hit_reward=0.5))
    assert set(board.news(known).fields) == {"hit_reward"}
    board.publish(plan(2)._replace(bank=plan(1).bank))
    fields = set(board.news(known).fields)
    assert {"opponents", "epsilons"} <= fields
    assert "bank" not in fields


def test_parameters_that_are_overwritten_while_they_are_read_are_read_again():
    with closing(PlanBoard(lambda size: True)) as board:
        reader = PlanReader()
        board.publish(plan(1))
        reader.note(board.news({}))
        views, later = reader._views, [plan(3), plan(2)]

        class Meddling:
            """Publishes twice while the first copy is made: the half that is read is written again."""

            def __getitem__(self, name):
                while name == "parameters" and later:
                    board.publish(later.pop())
                return views[name]

        reader._views = Meddling()
        found, version = reader.current()
        assert version == board.version == 3
        assert (found.parameters == 3).all()
        board.publish(plan(4))
        assert (found.parameters == 3).all()
        views.close()
