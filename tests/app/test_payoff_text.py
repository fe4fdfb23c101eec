"""The payoff matrix in a terminal."""

from app.payoff_text import payoff_lines

MATRIX = {
    "players": ["tracker", "main-1", "main agent"],
    "score": [[None, 0.25, 0.1], [0.75, None, 0.375], [0.9, 0.625, None]],
    "pairs": 20,
    "nash": [0.0, 0.0, 1.0],
    "skill": [-0.4, -0.125, 0.0],
    "cycles": [],
}


def test_each_row_is_what_its_player_scored_against_the_others():
    lines = payoff_lines(MATRIX)
    assert lines[0].split() == ["payoffs,", "%", "against", "1", "2", "3", "Nash", "share"]
    assert lines[2].split() == ["2", "main-1", "75", "-", "38", "0"]
    assert lines[3].split() == ["3", "main", "agent", "90", "62", "-", "100"]


def test_what_is_no_matrix_is_left_out():
    assert payoff_lines(None) == payoff_lines([1]) == payoff_lines({"players": []}) == []
    assert payoff_lines({**MATRIX, "players": [], "score": [], "nash": []}) == []


def test_a_matrix_too_wide_for_a_terminal_is_only_named():
    names = [f"main-{number}" for number in range(40)]
    assert payoff_lines({**MATRIX, "players": names}) == ["payoffs of 40 players: --json has them"]
