import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from league.config import MAX_MATCHES, ConfigError, SeasonConfig, first_error_sentence
from league.ratings.sprt import SprtConfig
from league.schedules import schedules

ORDERED = {item.name for item in schedules() if item.order_matters}


def config(**changes: object) -> SeasonConfig:
    return SeasonConfig.model_validate({"players": ("a", "b", "c")} | changes)


def sentence(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        config(**changes)
    return first_error_sentence(caught.value)


def test_every_setting_has_a_description_and_every_number_a_range() -> None:
    schema = SeasonConfig.model_json_schema()
    for name, field in SeasonConfig.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        shown = schema["properties"][name]
        for option in shown.get("anyOf", [shown]):
            if option.get("type") in ("integer", "number"):
                assert option.keys() & {"minimum", "exclusiveMinimum"}, name
                assert option.keys() & {"maximum", "exclusiveMaximum"}, name


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pairs": 0}, "pairs is 0; it must be at least 1"),
        ({"pairs": 1_000_001}, "pairs is 1000001; it must be at most 1000000"),
        ({"pairs": 2.5}, "pairs is 2.5; it must be a whole number"),
        ({"pairs": "many"}, "pairs is 'many'; it must be a whole number"),
        ({"points": 22}, "points is 22; it must be at most 21"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"seed": 2**63}, f"seed is {2**63}; it must be at most {2**63 - 1}"),
        ({"k_factor": 0}, "k_factor is 0; it must be greater than 0.0"),
        ({"k_factor": float("nan")}, "k_factor is nan; it must be a finite number"),
        ({"resamples": 99}, "resamples is 99; it must be at least 100"),
        ({"players": ("a",)}, "players is ('a',); it must have at least 2 entries"),
        ({"players": "ab"}, "players is 'ab'; it must be a list"),
        ({"players": ("a", "")}, "players.1 is ''; it must have at least 1 characters"),
        ({"players": ("a", "b", "a")}, "players has 'a' twice; each player can be there once"),
        ({"game": "No game"}, "game is 'No game'; it must match ^[a-z][a-z0-9_]{0,63}$"),
        ({"pears": 3}, "there is no setting 'pears'; did you mean 'pairs'?"),
        ({"sprt": {"elo0": 5, "elo1": 5}}, "elo0 must be below elo1, got elo0 = 5.0 and elo1 = 5.0"),
        ({"sprt": {"alpha": 0}}, "sprt.alpha is 0; it must be greater than 0.0"),
        ({"gauntlet_size": 3}, "gauntlet_size is 3; with 3 players it can be at most 2"),
        ({"anchors": [("z", 0.0)]}, "anchors has 'z', which is not one of the season's players"),
        ({"anchors": [("a", 0.0), ("a", 1.0)]}, "anchors has 'a' twice; each player can be there once"),
        (
            {"format": "swiss", "sprt": {}},
            "sprt cannot be used with format 'swiss'; it ends encounters of a round_robin or gauntlet",
        ),
    ],
)
def test_an_error_is_one_sentence(changes: dict[str, object], expected: str) -> None:
    assert sentence(**changes) == expected


def test_an_unknown_format_is_answered_with_the_most_similar() -> None:
    assert sentence(format="swis").startswith("no format is called 'swis'; did you mean 'swiss'? there are ")


def test_a_setting_like_no_other_is_answered_with_all() -> None:
    assert sentence(qqqqq=1).startswith("there is no setting 'qqqqq'; there are game, format, players, pairs")


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^players is missing; it has no default$"):
        SeasonConfig.from_json("{}")


def test_a_kind_of_error_without_a_sentence_of_its_own_keeps_pydantics() -> None:
    class Other(BaseModel):
        flag: bool

    with pytest.raises(ValidationError) as caught:
        Other.model_validate({"flag": "perhaps"})
    assert first_error_sentence(caught.value, Other).startswith("flag is 'perhaps'; input should be a valid boolean")


def test_a_long_value_is_cut() -> None:
    assert len(sentence(players="x" * 10_000)) < 120


@pytest.mark.parametrize("test", [None, {}])
def test_a_season_has_at_most_two_thousand_million_matches(test: dict[str, object] | None) -> None:
    players = [str(place) for place in range(1000)]
    most = MAX_MATCHES // 2 // (1000 * 999 // 2)
    assert config(players=players, pairs=most, sprt=test).most_pairs() * 2 <= MAX_MATCHES
    assert sentence(players=players, pairs=most + 1, sprt=test) == (
        "this season can have 2,147,850,000 matches, at most 2,147,483,648 are allowed; "
        "choose fewer pairs, rounds or players"
    )


@pytest.mark.parametrize("name", [item.name for item in schedules()])
def test_the_order_of_the_players_counts_where_the_format_says_so(name: str) -> None:
    one, other = (config(format=name, players=players) for players in (("b", "a", "c"), ("c", "b", "a")))
    assert (one.key() != other.key()) == (name in ORDERED)
    assert (one != other) == (name in ORDERED)
    assert {"gauntlet", "knockout"} == ORDERED


def test_the_order_of_the_anchors_never_counts() -> None:
    one = config(anchors=[("b", 1.0), ("a", 2.0)])
    assert one == config(anchors=[("a", 2.0), ("b", 1.0)])
    assert one.anchors == (("a", 2.0), ("b", 1.0))


def test_the_key_is_the_hash_of_the_canonical_json() -> None:
    one = config(seed=7, sprt={"elo1": 5})
    assert one.key() == hashlib.sha256(one.to_json().encode()).hexdigest()
    assert one.to_json() == json.dumps(json.loads(one.to_json()), sort_keys=True, separators=(",", ":"))
    assert set(json.loads(one.to_json())) == set(SeasonConfig.model_fields)
    assert config(k_factor=16).key() == config(k_factor=16.0).key()


def test_every_setting_changes_the_key() -> None:
    changes: dict[str, object] = {
        "game": "other", "format": "gauntlet", "players": ("a", "b"), "pairs": 21, "points": 7, "seed": 2, "rounds": 1,
        "gauntlet_size": 2, "tiebreak_pairs": 9, "sprt": SprtConfig(), "sprt_block": 9, "k_factor": 17.0,
        "initial_rating": 0.0, "prior_draws": 2.0, "anchors": (("a", 0.0),), "resamples": 100,
    }  # fmt: skip
    assert set(changes) == set(SeasonConfig.model_fields)
    keys = {config().key()} | {config(**{name: value}).key() for name, value in changes.items()}
    assert len(keys) == len(changes) + 1


def test_differences_are_sentences_in_the_order_of_the_settings() -> None:
    assert config().differences(config()) == []
    assert config(seed=2, pairs=3, points=None).differences(config()) == [
        "pairs is 3 here and 20 there",
        "points is none here and 5 there",
        "seed is 2 here and 1 there",
    ]


@given(
    st.builds(
        SeasonConfig,
        format=st.sampled_from([item.name for item in schedules()]),
        players=st.lists(st.text(min_size=1, max_size=9), min_size=2, max_size=9, unique=True).map(tuple),
        pairs=st.integers(1, 1000),
        points=st.none() | st.integers(1, 21),
        seed=st.integers(0, 2**63 - 1),
        rounds=st.integers(0, 1000),
        k_factor=st.floats(0.1, 200),
        initial_rating=st.floats(-10_000, 10_000),
    )
)
def test_a_configuration_survives_its_json(one: SeasonConfig) -> None:
    again = SeasonConfig.from_json(one.to_json())
    assert again == one
    assert again.key() == one.key()
    assert hash(again) == hash(one)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this is not JSON: EOF"),
        ("{", "this is not JSON: EOF"),
        ("[]", r"the configuration is \[\]; it must be an object"),
        ('{"players": ["a", "b"], "pears": 3}', "there is no setting 'pears'; did you mean 'pairs'"),
        ('{"players": ["a", "b"], "pairs": 0}', "pairs is 0; it must be at least 1"),
    ],
)
def test_json_that_is_no_configuration_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        SeasonConfig.from_json(text)
    assert "\n" not in str(caught.value)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config().pairs = 3  # type: ignore[misc]
