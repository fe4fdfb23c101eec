"""The network that has learned is the network that plays: in the engine, on a court, in a file, in the league."""

from dataclasses import replace

import numpy as np
import pytest

from ai.dense import kernels as dense
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import EngineSettings
from ai.dqn.network import Network
from game.batch import MATCH_DTYPE, play_batch
from game.games.rally import GAME
from game.jit import LANES
from game.match import CompiledPlayer, Match
from game.policies.bank import SCRATCH_ROWS, build_bank
from game.policies.decide import decide
from game.policies.file import PlayerFile, read_player, to_bytes
from game.policies.scripted import ScriptedPolicy
from game.spec import Seat
from game.vector import VectorEnv
from league.home import Home
from league.library import Library
from league.store import Store
from tests.ai.dqn.oracles import normalised, shape_of, values_of

SHAPES = [
    *(
        Network(sizes, is_dueling, is_normalised)
        for is_normalised in (False, True)
        for sizes, is_dueling in (
            ((8, 64, 64, 3), True),
            ((8, 16, 3), True),
            ((8, 16, 3), False),
            ((8, 7, 3), True),
            ((8, 12, 9, 3), True),
            ((8, 12, 5, 3), False),
            ((8, 6, 10, 13, 3), True),
        )
    ),
    Network((8, 2, 3), True, False),
]
NAMES = [shape_of(each) for each in SHAPES]
PLAIN, NORMALISED = SHAPES[0], SHAPES[7]


@pytest.fixture(params=SHAPES, ids=NAMES)
def network(request):
    return request.param


def parameters_of(network, seed=1):
    """Return parameters that have gone some way from the first ones, and by which each action is best somewhere."""
    rng = np.random.default_rng(seed)
    parameters = (network.initial(rng) * 2 + rng.normal(0, 0.1, network.size)).astype(np.float32)
    parameters[-GAME.n_actions :] -= values_of(network, parameters, observations_of(300)).mean(axis=0)
    return parameters


def observations_of(count, seed=2):
    """Return observations of a court in play, among them what happens before a serve."""
    env = VectorEnv(GAME, build_bank([ScriptedPolicy.of(GAME, "tracker")]), np.zeros(100, np.int32), seed)
    rng = np.random.default_rng(seed)
    rows = []
    while len(rows) * 100 < count:
        for _ in range(7):
            env.step(rng.integers(0, 3, 100).astype(np.int32))
        rows.append(env.observations.copy())
    return np.concatenate(rows)[:count]


def engine_of(network, parameters):
    return CompiledEngine(network, parameters, EngineSettings())


def test_the_size_is_that_of_the_parts(network):
    parts = [outputs * (inputs + 1) for inputs, outputs in zip(network.sizes, network.sizes[1:-1], strict=False)]
    width, actions = network.sizes[-2:]
    half = width // 2
    head = half + 1 + actions * (width - half + 1) if network.is_dueling else actions * (width + 1)
    assert network.size == sum(parts) + head
    assert network.initial(np.random.default_rng(0)).shape == (network.size,)
    assert network.folded_size == actions * (width + 1)


def test_first_parameters_are_uniform_within_one_over_the_root_of_the_inputs():
    network = Network((8, 400, 100, 3), True)
    first = network.initial(np.random.default_rng(0))
    assert first.dtype == np.float32
    at = 0
    for inputs, count in ((8, 400 * 9), (400, 100 * 401), (50, 51), (50, 153)):
        part, bound = first[at : at + count], 1 / np.sqrt(inputs)
        assert np.abs(part).max() <= bound
        assert np.abs(part).max() > 0.8 * bound
        if count > 1000:
            assert np.std(part) == pytest.approx(bound / np.sqrt(3), rel=0.05)
        at += count
    assert at == network.size


def test_the_fold_is_value_plus_advantage_less_its_mean(network):
    """Against equation 9 of Wang et al., stream by stream in float64."""
    parameters, observations = parameters_of(network), observations_of(50)
    policy = network.policy(parameters)
    hidden = observations.astype(np.float64)
    for weights, biases in zip(policy.weights[:-1], policy.biases[:-1], strict=True):
        sums = hidden @ weights.T.astype(np.float64) + biases
        hidden = np.maximum(normalised(sums) if policy.is_normalised else sums, 0)
    folded = hidden @ policy.weights[-1].T.astype(np.float64) + policy.biases[-1]
    assert folded == pytest.approx(values_of(network, parameters, observations), rel=1e-5, abs=1e-5)


def test_the_kernel_folds_to_the_same_bits(network):
    parameters = parameters_of(network)
    head = np.zeros(network.folded_size, np.float32)
    dense.fold_head(parameters, np.array(network.sizes, np.int64), int(network.is_dueling), head)
    weights, biases = network.folded_head(parameters)
    assert head.tobytes() == weights.tobytes() + biases.tobytes()


def played_values(policy, observations, lanes=LANES):
    """Return the outputs and actions of ``policy`` in the match kernel, ``lanes`` at once."""
    bank = build_bank([policy])
    scratch = np.zeros(int(bank.table[0, SCRATCH_ROWS]) * LANES, np.float32)
    outputs, actions = [], []
    at = 0 if len(policy.sizes) % 2 else max(policy.sizes)  # layers are written to the two halves in turn
    for begin in range(0, len(observations), lanes):
        some = observations[begin : begin + lanes]
        n = len(some)
        scratch[:] = 0.0
        for o in range(some.shape[1]):
            scratch[o * LANES : o * LANES + n] = some[:, o]
        chosen = np.zeros(LANES, np.int32)
        mind = (np.zeros(0, np.float32), np.zeros(LANES, np.uint64))
        decide(GAME.new_court(), bank, 0, mind, scratch, chosen, n)
        rows = scratch.reshape(-1, LANES)[at : at + GAME.n_actions, :n].T.copy()
        outputs.append(rows)
        actions.append(chosen[:n].copy())
    return np.concatenate(outputs), np.concatenate(actions)


def test_the_network_that_learned_is_the_network_that_plays(network):
    """Values in the engine and in the match kernel agree to rounding, and so do actions wherever two values are not level."""
    parameters, observations = parameters_of(network), observations_of(1000)
    learned = engine_of(network, parameters).values(observations).copy()
    outputs, actions = played_values(network.policy(parameters), observations)
    scale = np.abs(learned).max()
    # the kernel's argmax destroys its first row, where it keeps the best
    assert np.abs(outputs[:, 1:] - learned[:, 1:]).max() <= 1e-5 * scale
    assert np.abs(outputs[:, 0] - learned.max(axis=1)).max() <= 1e-5 * scale
    order = np.sort(learned, axis=1)
    is_clear = order[:, -1] - order[:, -2] > 1e-5 * scale
    assert is_clear.mean() > 0.95
    assert (actions == learned.argmax(axis=1))[is_clear].all()
    assert len(set(actions.tolist())) > 1


@pytest.mark.parametrize("lanes", [1, 5, 7, 63])
def test_it_plays_the_same_bits_alone_and_beside_others(network, lanes):
    policy, observations = network.policy(parameters_of(network)), observations_of(130)
    many, alone = played_values(policy, observations), played_values(policy, observations, lanes)
    assert many[0].tobytes() == alone[0].tobytes()
    assert many[1].tolist() == alone[1].tolist()


@pytest.mark.parametrize("network", [PLAIN, NORMALISED], ids=shape_of, indirect=True)
def test_a_single_match_shows_the_engine_s_values(network):
    parameters = parameters_of(network)
    bank = build_bank([network.policy(parameters), ScriptedPolicy.of(GAME, "tracker")])
    left, right = (CompiledPlayer(GAME, bank, seat, seat=Seat(seat), seed=5) for seat in range(2))
    match, engine, seen = Match(GAME, 5, 1), engine_of(network, parameters), 0
    while not match.is_over:
        observation = match.observation(Seat.LEFT)
        action = left.decide(observation)
        values = engine.values(observation[None]).copy()[0]
        shown = left.values[max(network.sizes) :][: GAME.n_actions]
        assert shown[1:] == pytest.approx(values[1:], rel=1e-5, abs=1e-5)
        if np.sort(values)[-1] - np.sort(values)[-2] > 1e-4:
            assert action == values.argmax()
            seen += 1
        match.step(action, right.decide(match.observation(Seat.RIGHT)))
    assert seen > 40


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("network", [PLAIN, NORMALISED], ids=shape_of, indirect=True)
def test_it_is_the_same_player_in_a_file_and_in_the_league(tmp_path, network, learning):
    engine = engine_of(network, parameters_of(network))
    if learning:
        rng = np.random.default_rng(4)
        for _ in range(20):
            engine.fit(
                observations_of(32),
                rng.integers(0, 3, 32).astype(np.int32),
                rng.normal(size=32).astype(np.float32),
                1e-2,
            )
    policy = network.policy(engine.parameters)
    player = PlayerFile("learned", GAME.name, GAME.version, policy)
    path = tmp_path / "learned.safetensors"
    path.write_bytes(to_bytes(player))
    read = read_player(path)
    assert read.hash == player.hash
    assert (
        played_values(read.policy, observations_of(300))[1].tolist()
        == played_values(policy, observations_of(300))[1].tolist()
    )
    with Store.open(tmp_path / "league.db") as store:
        library = Library(Home(tmp_path), store)
        added = library.import_file(path)
        assert added.hash == player.hash
        kept = library.read(added).policy
    rows = np.zeros(20, MATCH_DTYPE)
    rows["right"], rows["seed"], rows["points"] = 1, np.arange(20), 1
    tracker = ScriptedPolicy.of(GAME, "tracker")
    one, other = (play_batch(GAME, build_bank([each, tracker]), rows) for each in (policy, kept))
    assert one.tobytes() == other.tobytes()
    changed = engine.parameters
    changed[0] += np.float32(1e-3)
    other = replace(network, is_normalised=not network.is_normalised)
    for each in (network.policy(changed), other.policy(engine.parameters)):
        assert PlayerFile("learned", GAME.name, GAME.version, each).hash != player.hash


@pytest.mark.parametrize(
    ("sizes", "is_dueling", "message"),
    [
        ((8, 3), True, "needs a hidden layer"),
        ((8, 0, 3), False, "each of 1 at least"),
        ((8, 4, 1, 3), True, "the last hidden layer has 1 unit: two streams need 2 at least"),
    ],
)
def test_what_is_no_network_is_refused(sizes, is_dueling, message):
    with pytest.raises(ValueError, match=message):
        Network(sizes, is_dueling)
