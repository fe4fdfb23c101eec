"""The queue between a fast writer and a slow reader."""

from app.jobs.event_queue import EventQueue


def drained(queue: EventQueue[str]) -> list[str]:
    return list(iter(queue.take, None))


def test_it_gives_back_what_was_put_in_order() -> None:
    queue: EventQueue[str] = EventQueue(3)
    for item in "abc":
        queue.put(item, is_replaceable=False)
    assert drained(queue) == ["a", "b", "c"]
    assert queue.take() is None


def test_beyond_its_limit_the_oldest_replaceable_item_goes_and_no_other() -> None:
    queue: EventQueue[str] = EventQueue(3)
    for item in ("ended 1", "progress 1", "progress 2", "ended 2", "progress 3", "ended 3"):
        queue.put(item, is_replaceable=item.startswith("progress"))
    assert drained(queue) == ["ended 1", "ended 2", "ended 3"]


def test_what_cannot_be_replaced_is_kept_beyond_the_limit() -> None:
    queue: EventQueue[str] = EventQueue(2)
    for number in range(5):
        queue.put(str(number), is_replaceable=False)
    assert drained(queue) == ["0", "1", "2", "3", "4"]


def test_a_closed_queue_gives_what_it_has_and_then_ends_the_wait() -> None:
    queue: EventQueue[str] = EventQueue(2)
    queue.put("a", is_replaceable=False)
    queue.close()
    queue.put("b", is_replaceable=False)
    assert queue.take(None) == "a"
    assert queue.take(None) is None
