"""NEAT in training: a generation a step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat import WEIGHTS, NeatConfig
from ai.neat.evolution import Evolution, array_of, mapping_of, quartile_range, whole_of
from ai.neat.fitness import Evidence, Weights
from ai.neat.genomes import Genomes, check_structure, from_arrays, to_arrays
from ai.neat.hall_of_fame import HallOfFame
from ai.neat.hindsight import Study
from ai.neat.interchange import genomes_from_json, policy_to_json
from ai.neat.judging import Judge, Judged
from ai.neat.networks import express, graph_policies
from ai.neat.novelty import NoveltyArchive
from ai.neat.rivals import FixedRivals, LadderRivals, PastRivals, RivalChoice, Rivals
from ai.trainer import Champion, Json, LearnerState, StepReport, TrainContext
from game.policies.bank import Policy
from game.policies.file import PlayerFile
from game.policies.graph import GraphPolicy


@dataclass
class _Crown:
    """The champion: its genome, what is known of it, and the run's champions so far, by key."""

    genome: Genomes
    generation: int
    evidence: Evidence
    scores: list[float]
    """Its scores on the yardstick; empty until it is measured."""


class _Judgement(NamedTuple):
    """What a generation is worth; arrays by place, but ``finals`` by finalist."""

    fitness: NDArray[np.float64]
    evidence: Evidence
    """All that is known of the genomes, the finals included."""
    finalists: NDArray[np.int64]
    """Places of those who have played the finals."""
    finals: Evidence
    """What the finalists are compared with the champion by."""


class NeatLearner:
    """A population with its species control, rivals, champion and ancestry; see ``ai.trainer.Learner``."""

    def __init__(self, config: NeatConfig, context: TrainContext) -> None:
        self._config = config
        self._context = context
        self._game = context.game
        self._rng = np.random.default_rng([context.seed, 0])
        self._opponents = tuple(opponent.policy for opponent in context.opponents(config.opponents))
        names = (self._game.observations, self._game.actions)
        self._evolution = Evolution(config, names, self._rng, context.say)
        if config.start_from:
            self._evolution.population.begin_with(_genome_of(config, context))
        self._judge = Judge(config, context, Weights(*(getattr(config, name) for name in WEIGHTS)))
        self._rivals = self._rival_choice()
        self._novelty = NoveltyArchive(config.novelty_neighbours)
        self._study = Study(config, self._game, context.workers) if config.hindsight_steps else None
        self._known = Evidence(*np.zeros((3, config.population)))
        self._crown: _Crown | None = None
        self._hashes: dict[int, str] = {}
        self._step = 0

    def _rival_choice(self) -> RivalChoice:
        config = self._config
        if config.mode == "baseline":
            return FixedRivals(self._opponents)
        if config.mode == "curriculum":
            return LadderRivals(self._opponents, config.promotion_score)
        share = config.hall_share if config.mode == "self_play" else 0.0
        return PastRivals(HallOfFame(config.hall_size, config.hall_weighting), config.rivals, share, self._policies)

    def step(self) -> StepReport:
        """Judge a generation, crown its champion, and breed the next one."""
        self._judge.work = dict.fromkeys(self._judge.work, 0)
        evolution, config = self._evolution, self._config
        self._learn()
        policies = self._policies(evolution.genomes)
        rivals = self._rivals.choose(policies, self._rng)
        judgement = self._judge_generation(policies, rivals)
        fitness = judgement.fitness
        evolution.note(fitness, self._crown.genome.keys.tolist() if self._crown is not None else [])
        champion = self._crown_champion(judgement)
        self._look_back(rivals)
        self._step += 1
        is_measured = self._step % config.evaluate_every == 0 or self._step == config.generations
        scores = self._measure() if is_measured else None
        values = {**evolution.values(fitness, self._champion.genome), **self._rivals.metrics()}
        if scores is not None:
            values.update({f"score/{name}": score for name, score in zip(config.opponents, scores, strict=True)})
            values["mean_score"] = float(np.mean(scores))
        details: dict[str, Json] = {"species": evolution.species_details(fitness)}
        if champion is not None:
            details.update(evolution.champion_details(self._champion.genome, champion.fitness))
        self._breed(judgement, scores)
        return StepReport(self._step, config.generations, values, self._judge.work, champion, details)

    def _policies(self, genomes: Genomes) -> list[Policy]:
        """Return the players that ``genomes`` express."""
        is_recurrent = not self._config.feed_forward
        networks = express(genomes, self._game.n_observations, self._game.n_actions, is_recurrent=is_recurrent)
        return [*graph_policies(genomes, networks, self._game.n_observations, is_recurrent=is_recurrent)]

    # Learning from hindsight

    def _learn(self) -> None:
        """Let those who were born learn; who lives on has been judged as it is."""
        if self._study is not None:
            learners = np.flatnonzero(self._known.matches == 0.0)
            population = self._evolution.population
            population.genomes = self._study.teach(population.genomes, learners, self._rng)

    def _look_back(self, rivals: Rivals) -> None:
        """Now and then, let the champion find out what it should have done against some of ``rivals``."""
        if self._study is not None and self._step % self._config.hindsight_every == 0:
            champion = self._policies(self._champion.genome)[0]
            count = min(self._config.hindsight_rivals, len(rivals.policies))
            drawn = np.sort(self._rng.choice(len(rivals.policies), count, replace=False))
            seeds = self._judge.new_seeds(self._config.hindsight_pairs).tolist()
            self._study.look_back(champion, [rivals.policies[place] for place in drawn], seeds)

    # Judging

    @property
    def _is_lasting(self) -> bool:
        """Whether what was seen of a genome stays true: its rivals are always the same."""
        return self._config.mode == "baseline"

    def _judge_generation(self, policies: list[Policy], rivals: Rivals) -> _Judgement:
        """Let everybody play, then the best once more."""
        if self._config.mode == "competitive":
            judged = self._judge.among(policies, self._rng)
        else:
            judged = self._judge.against(policies, rivals, self._config.pairs)
            self._rivals.played(rivals, judged.rival_scores, judged.games)
        evidence = judged.evidence + self._known if self._is_lasting else judged.evidence
        finalists, finals = self._play_finals(policies, rivals, evidence)
        more = Evidence(*np.zeros((3, len(policies))))
        for column, final in zip(more, finals, strict=True):
            column[finalists] = final
        if self._config.mode != "competitive":  # there the fitness is an Elo of the whole generation
            evidence += more
        fitness = evidence.mean() + self._novelty_of(judged)
        return _Judgement(fitness, evidence, finalists, evidence.take(finalists) if self._is_lasting else finals)

    def _play_finals(
        self, policies: list[Policy], rivals: Rivals, evidence: Evidence
    ) -> tuple[NDArray[np.int64], Evidence]:
        """Let the best genomes, and the champion, play on new seeds; return the places of those genomes, and what they did."""
        finalists = np.sort(np.argsort(-evidence.mean(), kind="stable")[: self._config.finalists])
        entrants = [policies[place] for place in finalists]
        if self._crown is not None:
            entrants += self._policies(self._crown.genome)
        judged = self._judge.against(entrants, rivals, self._config.final_pairs)
        if self._crown is not None:
            last = judged.evidence.take(np.array([len(finalists)]))
            self._crown.evidence = self._crown.evidence + last if self._is_lasting else last
        return finalists, judged.evidence.take(np.arange(len(finalists)))

    def _novelty_of(self, judged: Judged) -> NDArray[np.float64]:
        weight = self._config.novelty_weight
        if not weight:
            return np.zeros(len(judged.behaviour))
        return weight * self._novelty.novelty(judged.behaviour)

    def _crown_champion(self, judgement: _Judgement) -> Champion | None:
        """Crown the best finalist if it is better than the champion; return the champion if it is new."""
        finals = judgement.finals
        bounds = finals.lower_bound()
        best = int(np.argmax(bounds))
        crown = self._crown
        if crown is not None and crown.evidence.lower_bound()[0] >= bounds[best]:
            return None
        place = int(judgement.finalists[best])
        genome = self._evolution.genomes.take([place])
        known = finals.take(np.array([best]))
        if crown is not None and crown.genome.keys[0] == genome.keys[0]:
            crown.evidence = known
            return None
        generation = self._evolution.population.generation
        self._crown = _Crown(genome, generation, known, [])
        policy = self._policies(genome)[0]
        self._rivals.crowned(genome, policy, generation)
        return Champion(policy, float(known.mean()[0]), self._lineage(policy))

    def _lineage(self, policy: Policy) -> tuple[str, ...]:
        """Return the hashes of the champion's ancestors that were champions, the nearest first; note its own."""
        key = int(self._champion.genome.keys[0])
        line = self._evolution.line(key)
        lineage = tuple(self._hashes[ancestor] for ancestor in line if ancestor in self._hashes)
        self._hashes[key] = PlayerFile("", self._game.name, self._game.version, policy).hash
        return lineage

    @property
    def _champion(self) -> _Crown:
        assert self._crown is not None  # noqa: S101  # the first generation has crowned one
        return self._crown

    def _measure(self) -> list[float]:
        """Return the champion's scores on the yardstick, played once for each champion."""
        if not self._champion.scores:
            policy = self._policies(self._champion.genome)[0]
            self._champion.scores = self._judge.measure(policy, self._opponents).tolist()
        self._rivals.measured(np.array(self._champion.scores))
        return self._champion.scores

    # The next generation

    def _breed(self, judgement: _Judgement, scores: list[float] | None) -> None:
        """Replace the population by the next generation, with what is known of those who live on."""
        yardstick = float(np.mean(scores)) if scores is not None else None
        spread = quartile_range(judgement.fitness) / self._judge.weights.range  # in the unit of a score
        before = self._evolution.breed(judgement.fitness, yardstick, spread)
        self._known = Evidence(*(np.where(before >= 0, column[before], 0.0) for column in judgement.evidence))

    # State

    def state(self) -> LearnerState:
        """Return population, control, rivals, archive, ancestry and champion."""
        evolution, crown = self._evolution.state(), self._crown
        arrays: dict[str, NDArray[np.generic]] = {
            **evolution.arrays,
            **self._rivals.arrays(),
            "known": np.array(self._known),
        }
        if self._study is not None:
            arrays.update(self._study.arrays())
        arrays.update(self._novelty.to_arrays())
        numbers: dict[str, Json] = {
            **evolution.numbers,
            "rivals": dict(self._rivals.numbers()),
            "step": self._step,
            "seeds_used": self._judge.seeds_used,
            "hashes": {str(key): value for key, value in self._hashes.items()},
        }
        if crown is not None:
            arrays.update(to_arrays(crown.genome, "crown"))
            arrays["crown/evidence"] = np.array(crown.evidence)
            numbers["crown"] = {"generation": crown.generation, "scores": list(crown.scores)}
        return LearnerState(arrays, numbers)

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; see ``Learner.restore``."""
        arrays, numbers = state.arrays, state.numbers
        self._evolution.restore(state)
        count = self._evolution.genomes.size
        self._rivals.restore(arrays, mapping_of(numbers, "rivals"))
        self._known = Evidence(*array_of(arrays, "known", (3, count)).astype(np.float64))
        if self._study is not None:
            self._study.restore(arrays)
        self._novelty.restore(arrays)
        self._step, self._judge.seeds_used = whole_of(numbers, "step"), whole_of(numbers, "seeds_used")
        hashes = mapping_of(numbers, "hashes")
        if not all(key.isdecimal() and isinstance(value, str) for key, value in hashes.items()):
            raise TrainingError("the checkpoint's 'hashes' are none of genomes: resume from another one")
        self._hashes = {int(key): str(value) for key, value in hashes.items()}
        self._crown = self._crown_of(state) if "crown" in numbers else None

    def _crown_of(self, state: LearnerState) -> _Crown:
        """Return the champion of a state; ``TrainingError`` if it is none of this game."""
        genome, fields = from_arrays(state.arrays, "crown"), mapping_of(state.numbers, "crown")
        check_structure(genome, self._game.n_observations, self._game.n_actions)
        evidence = Evidence(*array_of(state.arrays, "crown/evidence", (3, genome.size)).astype(np.float64))
        found = fields.get("scores")
        scores = [score for score in found if isinstance(score, float)] if isinstance(found, list) else None
        if genome.size != 1 or scores is None or len(scores) not in (0, len(self._opponents)):
            raise TrainingError("the checkpoint's champion does not fit the configuration: resume from another one")
        return _Crown(genome, whole_of(fields, "generation"), evidence, scores)

    def close(self) -> None:
        """Nothing is held."""


def _genome_of(config: NeatConfig, context: TrainContext) -> Genomes:
    """Return the genome of the league's player to start from; ``TrainingError`` if it is no such graph."""
    name = config.start_from
    policy = context.opponent(name).policy
    if not isinstance(policy, GraphPolicy):
        raise TrainingError(
            f"start_from is '{name}', a {policy.kind.name.lower()} player: evolution begins from graphs only, such as "
            "champions of NEAT"
        )
    if policy.is_recurrent == config.feed_forward:
        kind = "recurrent" if policy.is_recurrent else "feed-forward"
        raise TrainingError(
            f"start_from is '{name}', a {kind} network, and feed_forward is {config.feed_forward}: change one of the two"
        )
    return genomes_from_json(policy_to_json(policy))
