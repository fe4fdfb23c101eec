"""Configuration files of neat-python 2.0: read as fields of ``EvolutionConfig``, and written so that neat-python reads them.

What neat-python does not insist on may be left out, and then is worth what it is worth there. What our populations cannot do is
refused with one sentence. ``fitness_threshold`` and ``no_fitness_termination`` are read and have no effect: a run trains its
generations.
"""

import configparser
import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.functions import FUNCTION_CODES
from game.spec import GameSpec
from league.config import first_error_sentence
from league.home import write_atomic

_MAX_FILE_BYTES: Final = 2**20

_Values: TypeAlias = Mapping[str, object]


class _Key(NamedTuple):
    """A key of a section: how its text is read, and what it is worth where it is left out (None: it may not be)."""

    read: Callable[[str], object]
    default: str | None = None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError("a whole number is needed") from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError("a number is needed") from error


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("True or False is needed")
    return text.lower() == "true"


def _wide_truth(text: str) -> bool:
    states = configparser.ConfigParser.BOOLEAN_STATES
    if text.lower() not in states:
        raise ValueError("True or False is needed")
    return states[text.lower()]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _surer(text: str) -> str:
    states = configparser.ConfigParser.BOOLEAN_STATES
    if text.lower() != "default" and text.lower() not in states:
        raise ValueError("default, true or false is needed")
    return "default" if text.lower() == "default" else str(states[text.lower()]).lower()


def _enabled(text: str) -> bool:
    if text.lower() in {"random", "none"}:
        raise ValueError("True or False is needed: connections are not drawn enabled or disabled here")
    return _wide_truth(text)


def _init_type(text: str) -> str:
    if "gauss" in text.lower() or "normal" in text.lower():
        return "gaussian"
    if "uniform" not in text.lower():
        raise ValueError("gaussian or uniform is needed")
    return "uniform"


def _floats(name: str, defaults: Mapping[str, str] | None = None) -> dict[str, _Key]:
    """Return the keys of a number that genes have."""
    parts = ("init_mean", "init_stdev", "replace_rate", "mutate_rate", "mutate_power", "max_value", "min_value")
    keys = {f"{name}_{part}": _Key(_number, (defaults or {}).get(part)) for part in parts}
    return {**keys, f"{name}_init_type": _Key(_init_type, "gaussian")}


_TIME_CONSTANT: Final = {
    "init_mean": "1.0", "init_stdev": "0.0", "replace_rate": "0.0", "mutate_rate": "0.0", "mutate_power": "0.0",
    "max_value": "10.0", "min_value": "0.01",
}  # fmt: skip

_SECTIONS: Final[Mapping[str, Mapping[str, _Key]]] = {
    "NEAT": {
        "pop_size": _Key(_whole),
        "fitness_criterion": _Key(str),
        "fitness_threshold": _Key(_number),
        "reset_on_extinction": _Key(_wide_truth),
        "no_fitness_termination": _Key(_wide_truth),
        "seed": _Key(str, ""),
    },
    "DefaultGenome": {
        "num_inputs": _Key(_whole),
        "num_outputs": _Key(_whole),
        "num_hidden": _Key(_whole),
        "feed_forward": _Key(_truth),
        "compatibility_disjoint_coefficient": _Key(_number),
        "compatibility_weight_coefficient": _Key(_number),
        "conn_add_prob": _Key(_number),
        "conn_delete_prob": _Key(_number),
        "node_add_prob": _Key(_number),
        "node_delete_prob": _Key(_number),
        "single_structural_mutation": _Key(_truth, "false"),
        "structural_mutation_surer": _Key(_surer, "default"),
        "initial_connection": _Key(_words, "unconnected"),
        **_floats("bias"),
        **_floats("response"),
        **_floats("time_constant", _TIME_CONSTANT),
        **_floats("weight"),
        "activation_default": _Key(str, "random"),
        "activation_options": _Key(_words),
        "activation_mutate_rate": _Key(_number),
        "aggregation_default": _Key(str, "random"),
        "aggregation_options": _Key(_words),
        "aggregation_mutate_rate": _Key(_number),
        "enabled_default": _Key(_enabled),
        "enabled_mutate_rate": _Key(_number),
        "enabled_rate_to_true_add": _Key(_number, "0.0"),
        "enabled_rate_to_false_add": _Key(_number, "0.0"),
    },
    "DefaultSpeciesSet": {"compatibility_threshold": _Key(_number)},
    "DefaultStagnation": {
        "species_fitness_func": _Key(str, "mean"),
        "max_stagnation": _Key(_whole, "15"),
        "species_elitism": _Key(_whole, "0"),
    },
    "DefaultReproduction": {
        "elitism": _Key(_whole, "0"),
        "survival_threshold": _Key(_number, "0.2"),
        "min_species_size": _Key(_whole, "1"),
    },
}
"""Source: ``neat/config.py``, ``genome.py``, ``genes.py``, ``species.py``, ``stagnation.py``, ``reproduction.py`` of 2.0.0."""

_SECTION_OF: Final = {key: section for section, keys in _SECTIONS.items() for key in keys}
_OTHER_NAMES: Final = {"pop_size": "population"}
_NOT_OURS: Final = frozenset({
    "fitness_criterion", "fitness_threshold", "no_fitness_termination", "seed", "num_inputs", "num_outputs",
    "initial_connection", *(key for key in _SECTION_OF if key.startswith(("time_constant", "aggregation"))),
})  # fmt: skip
_NEW_SINCE_0_92: Final = {"no_fitness_termination": "False", "min_species_size": "2"}
"""What 0.92 did not know, or took for granted where it was left out."""

_CONNECTIONS: Final = {"fs_neat": "fs_neat_nohidden", "full": "full_nodirect", "partial": "partial_nodirect"}
"""What the short names of ``initial_connection`` mean."""

_STILL: Final = ("time_constant_init_stdev", "time_constant_mutate_rate", "time_constant_replace_rate")


class NetworkShape(NamedTuple):
    """What a configuration says about the networks of its genomes."""

    n_inputs: int
    n_outputs: int
    is_feed_forward: bool


class _RefusedError(ValueError):
    """What is wrong with the file, as the end of a sentence."""


def read_ini(path: Path, game: GameSpec | None = None) -> dict[str, object]:
    """Return the fields of ``EvolutionConfig`` that the file at ``path`` sets, for networks that play ``game`` if given.

    The threshold stays as it is (``species_target_mode``), and outputs have functions as other nodes have, as in neat-python.

    Raises
    ------
    TrainingError
        With one sentence: the file, section, key and value, and what is allowed.
    """
    try:
        texts = _texts(path)
        values = _typed(texts)
        _check_support(texts, values)
        if game is not None:
            _check_game(values, game)
        return _fields(values)
    except _RefusedError as error:
        raise TrainingError(f"{path} cannot be used: {error}") from error


def read_shape(path: Path) -> NetworkShape:
    """Return the shape of the networks in the file at ``path``, whatever else it asks for.

    Raises
    ------
    TrainingError
        With one sentence, if it is no configuration of neat-python 2.0.
    """
    try:
        values = _typed(_texts(path))
    except _RefusedError as error:
        raise TrainingError(f"{path} cannot be used: {error}") from error
    inputs, outputs = int(str(values["num_inputs"])), int(str(values["num_outputs"]))
    return NetworkShape(inputs, outputs, bool(values["feed_forward"]))


def write_ini(config: EvolutionConfig, path: Path, n_inputs: int, n_outputs: int) -> None:
    """Write ``config`` so that ``neat.Config`` reads it; what neat-python does not know (targets, limits) is left out."""
    special = {
        "fitness_criterion": "max",
        "fitness_threshold": "0.0",
        "no_fitness_termination": "True",
        "num_inputs": str(n_inputs),
        "num_outputs": str(n_outputs),
        "initial_connection": config.initial_connection,
        "aggregation_default": "sum",
        "aggregation_options": "sum",
        "aggregation_mutate_rate": "0.0",
    }
    if config.initial_connection.startswith("partial"):
        special["initial_connection"] += f" {config.connection_fraction}"
    lines = []
    for section, keys in _SECTIONS.items():
        lines.append(f"[{section}]")
        for key in keys:
            if key in special:
                lines.append(f"{key} = {special[key]}")
            elif key not in _NOT_OURS:
                lines.append(f"{key} = {_shown(getattr(config, _OTHER_NAMES.get(key, key)))}")
        lines.append("")
    write_atomic(path, "\n".join(lines).encode())


def _shown(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _texts(path: Path) -> dict[str, str]:
    """Return every key of the file with its text; sections are known by their keys."""
    parser = configparser.ConfigParser()
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise _RefusedError(f"it has more than {_MAX_FILE_BYTES:,} bytes, and is no configuration of neat-python")
        parser.read_string(path.read_text(encoding="utf-8"))
        sections = {name: dict(parser.items(name)) for name in parser.sections()}
    except OSError as error:
        raise _RefusedError(f"it cannot be read ({error.strerror or error})") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:200]
        raise _RefusedError(f"it is no INI file of neat-python ({said})") from error
    for name, keys in sections.items():
        _check_known(name, keys)
    _check_complete(sections)
    return {key: text for keys in sections.values() for key, text in keys.items()}


def _check_known(section: str, keys: Mapping[str, str]) -> None:
    if section not in _SECTIONS:
        raise _RefusedError(f"[{section}] is no section of neat-python{_hint(section, list(_SECTIONS))}")
    for key in keys:
        if key in _SECTIONS[section]:
            continue
        if key in _SECTION_OF:
            raise _RefusedError(f"[{section}] has {key}, which belongs into [{_SECTION_OF[key]}]")
        raise _RefusedError(
            f"[{section}] has {key}, which neat-python does not know{_hint(key, list(_SECTIONS[section]))}"
        )


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"


def _check_complete(sections: Mapping[str, Mapping[str, str]]) -> None:
    for section in _SECTIONS:
        if section not in sections:
            raise _RefusedError(f"it has no section [{section}]; there are {', '.join(sections) or 'none'}")
    if "no_fitness_termination" not in sections["NEAT"]:
        absent = [key for key in _NEW_SINCE_0_92 if key not in sections[_SECTION_OF[key]]]
        lines = " and ".join(f"'{key} = {_NEW_SINCE_0_92[key]}' to [{_SECTION_OF[key]}]" for key in absent)
        raise _RefusedError(
            f"[NEAT] has no no_fitness_termination, as in files of neat-python 0.92; to complete it for 2.0, add {lines}"
        )
    for section, keys in _SECTIONS.items():
        missing = [key for key, known in keys.items() if known.default is None and key not in sections[section]]
        if missing:
            raise _RefusedError(f"[{section}] has no {', '.join(missing)}, and neat-python 2.0 needs that; add it")


def _typed(texts: Mapping[str, str]) -> dict[str, object]:
    """Return the values of all keys, those that are left out included."""
    values: dict[str, object] = {}
    for section, keys in _SECTIONS.items():
        for key, known in keys.items():
            text = texts.get(key, known.default or "")
            try:
                values[key] = known.read(text)
            except ValueError as error:
                raise _RefusedError(f"[{section}] {key} is '{text}', and {error}") from error
    return values


def _check_support(texts: Mapping[str, str], values: _Values) -> None:
    """Refuse what neat-python can do and our populations cannot."""
    if values["fitness_criterion"] != "max":
        raise _refused(
            "fitness_criterion", values["fitness_criterion"], "only max is possible here: the best genome counts"
        )
    if "seed" in texts:
        raise _refused("seed", texts["seed"], "a run has its seed from --seed: take the line out and give that")
    allowed = ", ".join(FUNCTION_CODES)
    if not values["activation_options"]:
        raise _refused("activation_options", "empty", f"at least one is needed; there are {allowed}")
    for name in (str(values["activation_default"]), *_words(texts["activation_options"])):
        if name not in {*FUNCTION_CODES, "random", "none"}:
            key = "activation_default" if name == values["activation_default"] else "activation_options"
            raise _refused(key, texts.get(key, name), f"{name} cannot be played; there are {allowed}")
    options = _words(texts["aggregation_options"])
    if set(options) != {"sum"} or values["aggregation_default"] not in {"sum", "random", "none"}:
        key = "aggregation_options" if set(options) != {"sum"} else "aggregation_default"
        raise _refused(key, texts[key], "only sum can be played")
    for key in _STILL:
        if values[key] != 0.0:
            raise _refused(key, values[key], "only 0 is possible here: players have no time constants")


def _refused(key: str, value: object, why: str) -> _RefusedError:
    return _RefusedError(f"[{_SECTION_OF[key]}] {key} is {value}, and {why}")


def _check_game(values: _Values, game: GameSpec) -> None:
    for key, wanted, of in (
        ("num_inputs", game.n_observations, "observations"),
        ("num_outputs", game.n_actions, "actions"),
    ):
        if values[key] != wanted:
            raise _refused(key, values[key], f"{game.name} has {wanted} {of}: {wanted} is needed")


def _fields(values: _Values) -> dict[str, object]:
    """Return the fields of ``EvolutionConfig``, checked."""
    fields = {_OTHER_NAMES.get(key, key): value for key, value in values.items() if key not in _NOT_OURS}
    if fields["activation_default"] == "none":
        fields["activation_default"] = "random"
    fields.update(_connection(values["initial_connection"]))
    fields.update(species_target_mode="fixed", linear_outputs=False, crossover_prob=1.0)
    try:
        EvolutionConfig.model_validate(fields)
    except ValidationError as error:
        place = error.errors(include_url=False)[0]["loc"]
        sentence = first_error_sentence(error, EvolutionConfig)
        key = next(
            (key for key, field in _OTHER_NAMES.items() if place[:1] == (field,)), str(place[0]) if place else ""
        )
        if key in _SECTION_OF:
            sentence = f"[{_SECTION_OF[key]}] {key}{sentence.removeprefix(_OTHER_NAMES.get(key, key))}"
        raise _RefusedError(sentence) from error
    return fields


def _connection(words: object) -> dict[str, object]:
    """Return ``initial_connection``, and its share where it has one."""
    name, *share = words if isinstance(words, tuple) and words else ("",)
    asked = f"'{' '.join((name, *share))}'"
    if name.startswith("partial") != (len(share) == 1):
        raise _refused(
            "initial_connection", asked, "a share is needed after partial, and only there: partial_direct 0.5"
        )
    chosen: dict[str, object] = {"initial_connection": _CONNECTIONS.get(name, name)}
    try:
        return {**chosen, "connection_fraction": _number(share[0])} if share else chosen
    except ValueError as error:
        raise _refused("initial_connection", asked, "the share must be a number from 0 to 1") from error
