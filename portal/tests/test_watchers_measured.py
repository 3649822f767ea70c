"""What is made of the moments that streams heard of: the delay of every commit to every watcher."""

import pytest

from portal.benchmark.watchers import delays_of


def test_a_delay_lasts_until_a_picture_shows_the_commit_or_a_later_one() -> None:
    commits = [(1, 10.0), (2, 10.1), (3, 12.0)]
    prompt = [(1, 10.05), (2, 10.25), (3, 12.5)]
    paced = [(0, 9.0), (2, 10.5), (3, 12.25)]
    delays = list(delays_of(commits, [prompt, paced]))
    assert delays == pytest.approx([0.05, 0.15, 0.5, 0.5, 0.4, 0.25])


def test_a_commit_that_was_never_shown_is_no_delay_but_a_failure() -> None:
    with pytest.raises(ValueError, match="watcher 1 was never shown revision 2"):
        list(delays_of([(1, 0.0), (2, 1.0)], [[(2, 1.5)], [(1, 0.5)]]))
