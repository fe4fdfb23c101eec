"""NEAT in training: a generation a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat import WEIGHTS, NeatConfig
from ai.neat.ancestry import NOBODY, Ancestor, Ancestry, line_details
from ai.neat.config import EvolutionConfig
from ai.neat.details import genome_details, species_details
from ai.neat.fitness import Evidence, Weights
from ai.neat.genomes import Genomes, from_arrays, to_arrays
from ai.neat.hall_of_fame import HallOfFame
from ai.neat.interchange import genomes_from_json, policy_to_json
from ai.neat.judging import Judge, Judged
from ai.neat.networks import express, graph_policies
from ai.neat.novelty import NoveltyArchive
from ai.neat.population import Birth, Population
from ai.neat.rivals import FixedRivals, LadderRivals, PastRivals, RivalChoice, Rivals
from ai.neat.species_control import ControlSettings, SpeciesControl
from ai.trainer import Champion, Json, LearnerState, StepReport, TrainContext
from game.policies.bank import Policy
from game.policies.file import PlayerFile
from game.policies.graph import GraphPolicy

_ANCESTORS_SHOWN: Final = 200


@dataclass
class _Crown:
    """The champion: its genome, what is known of it, and the run's champions so far, by key."""

    genome: Genomes
    generation: int
    evidence: Evidence
    scores: list[float]
    """Its scores on the yardstick; empty until it is measured."""


class NeatLearner:
    """A population with its species control, rivals, champion and ancestry; see ``ai.trainer.Learner``."""

    def __init__(self, config: NeatConfig, context: TrainContext) -> None:
        self._config = config
        self._context = context
        self._game = context.game
        self._rng = np.random.default_rng([context.seed, 0])
        self._opponents = tuple(opponent.policy for opponent in context.opponents(config.opponents))
        self._population = Population(config, self._game.n_observations, self._game.n_actions, self._rng)
        if config.start_from:
            self._population.begin_with(_genome_of(config.start_from, context))
        self._control = SpeciesControl(control_settings(config))
        self._judge = Judge(config, context, Weights(*(getattr(config, name) for name in WEIGHTS)))
        self._rivals = self._rival_choice()
        self._novelty = NoveltyArchive(config.novelty_neighbours)
        self._ancestry = Ancestry()
        self._parents = np.full((config.population, 2), NOBODY)
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
        population, config = self._population, self._config
        policies = self._policies(population.genomes)
        rivals = self._rivals.choose(policies, self._rng)
        fitness, evidence = self._fitness(policies, rivals)
        self._note_ancestors(fitness)
        champion = self._crown_champion(evidence)
        generation, details = population.generation, self._details(fitness, is_new=champion is not None)
        self._step += 1
        is_measured = self._step % config.evaluate_every == 0 or self._step == config.generations
        scores = self._measure() if is_measured else None
        values = self._values(fitness, scores)
        self._breed(fitness, evidence, scores)
        assert generation + 1 == self._step  # noqa: S101  # a generation a step
        return StepReport(self._step, config.generations, values, self._judge.work, champion, details)

    def _policies(self, genomes: Genomes) -> list[Policy]:
        """Return the players that ``genomes`` express."""
        is_recurrent = not self._config.feed_forward
        networks = express(genomes, self._game.n_observations, self._game.n_actions, is_recurrent=is_recurrent)
        return [*graph_policies(genomes, networks, self._game.n_observations, is_recurrent=is_recurrent)]

    # Judging

    @property
    def _is_lasting(self) -> bool:
        """Whether what was seen of a genome stays true: its rivals are always the same."""
        return self._config.mode == "baseline"

    def _fitness(self, policies: list[Policy], rivals: Rivals) -> tuple[NDArray[np.float64], Evidence]:
        """Return this generation's fitness, and what it rests on."""
        if self._config.mode == "competitive":
            judged = self._judge.among(policies, self._rng)
        else:
            judged = self._judge.against(policies, rivals, self._config.pairs)
            self._rivals.played(rivals, judged.rival_scores, judged.games)
        evidence = judged.evidence + self._known if self._is_lasting else judged.evidence
        evidence = self._play_finals(policies, rivals, evidence)
        return evidence.mean() + self._novelty_of(judged), evidence

    def _play_finals(self, policies: list[Policy], rivals: Rivals, evidence: Evidence) -> Evidence:
        """Let the best genomes, and the champion that was, play once more on new seeds; return the evidence with that."""
        finalists = np.sort(np.argsort(-evidence.mean(), kind="stable")[: self._config.finalists])
        entrants = [policies[place] for place in finalists]
        if self._crown is not None:
            entrants += self._policies(self._crown.genome)
        judged = self._judge.against(entrants, rivals, self._config.final_pairs)
        more = Evidence(*np.zeros((3, len(policies))))
        for column, final in zip(more, judged.evidence, strict=True):
            column[finalists] = final[: len(finalists)]
        if self._crown is not None:
            last = judged.evidence.take(np.array([len(finalists)]))
            self._crown.evidence = self._crown.evidence + last if self._is_lasting else last
        self._finalists = finalists
        self._finals = judged.evidence
        return evidence + more

    def _novelty_of(self, judged: Judged) -> NDArray[np.float64]:
        weight = self._config.novelty_weight
        if not weight:
            return np.zeros(len(judged.behaviour))
        return weight * self._novelty.novelty(judged.behaviour)

    def _crown_champion(self, evidence: Evidence) -> Champion | None:
        """Crown the best finalist if it is better than the champion; return the champion if it is new."""
        finals = (
            evidence.take(self._finalists) if self._is_lasting else self._finals.take(np.arange(len(self._finalists)))
        )
        bounds = finals.lower_bound()
        best = int(np.argmax(bounds))
        crown = self._crown
        if crown is not None and crown.evidence.lower_bound()[0] >= bounds[best]:
            return None
        place = int(self._finalists[best])
        genome = self._population.genomes.take([place])
        known = finals.take(np.array([best]))
        if crown is not None and crown.genome.keys[0] == genome.keys[0]:
            crown.evidence = known
            return None
        generation = self._population.generation
        self._crown = _Crown(genome, generation, known, [])
        policy = self._policies(genome)[0]
        self._rivals.crowned(genome, policy, generation)
        return Champion(policy, float(known.mean()[0]), self._lineage(policy))

    def _lineage(self, policy: Policy) -> tuple[str, ...]:
        """Return the hashes of the champion's ancestors that were champions, the nearest first; note its own."""
        key = int(self._champion.genome.keys[0])
        line = [each.key for each in self._ancestry.line(key)[1:]]
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

    def _breed(self, fitness: NDArray[np.float64], evidence: Evidence, scores: list[float] | None) -> None:
        """Replace the population by the next generation, with what is known of those who live on."""
        population = self._population
        yardstick = float(np.mean(scores)) if scores is not None else None
        spread = float(np.subtract(*np.percentile(fitness, [75, 25])))
        self._control.update(len(population.species), yardstick, spread, self._rng)
        population.threshold = self._control.threshold
        before = population.genomes.keys
        birth: Birth = population.reproduce(fitness)
        if birth.is_extinct:
            self._context.say(f"every species has died out after generation {self._step}: the population begins anew")
        self._parents = birth.parents
        places = np.minimum(np.searchsorted(before, population.genomes.keys), len(before) - 1)
        lives_on = (before[places] == population.genomes.keys).astype(np.float64)
        self._known = Evidence(*(column[places] * lives_on for column in evidence))

    def _note_ancestors(self, fitness: NDArray[np.float64]) -> None:
        population = self._population
        genomes = population.genomes
        hidden, enabled = genomes.hidden_counts(population.rates.n_outputs), genomes.enabled_counts()
        for place, key in enumerate(genomes.keys.tolist()):
            if key not in self._ancestry:
                one, other = self._parents[place].tolist()
                self._ancestry.add(
                    Ancestor(
                        key,
                        population.generation,
                        float(fitness[place]),
                        (one, other),
                        int(population.species_of[place]),
                        int(hidden[place]),
                        int(enabled[place]),
                    )
                )
        crowned = self._crown.genome.keys.tolist() if self._crown is not None else []
        self._ancestry.forget_but([*genomes.keys.tolist(), *crowned])

    # Telling

    def _values(self, fitness: NDArray[np.float64], scores: list[float] | None) -> dict[str, float]:
        population = self._population
        n_outputs = population.rates.n_outputs
        values = {
            "best": float(fitness.max()),
            "mean": float(fitness.mean()),
            "sd": float(fitness.std()),
            "species_count": float(len(population.species)),
            "threshold": population.threshold,
            "champion_nodes": float(self._champion.genome.hidden_counts(n_outputs)[0]),
            "champion_connections": float(self._champion.genome.enabled_counts()[0]),
            "mean_nodes": float(population.genomes.hidden_counts(n_outputs).mean()),
            "mean_connections": float(population.genomes.enabled_counts().mean()),
            **{f"species/{species.key}": float(len(species.places)) for species in population.species},
            **self._rivals.metrics(),
        }
        if self._config.species_target_mode != "fixed":
            values["species_target"] = self._control.target
        if scores is not None:
            values.update({f"score/{name}": score for name, score in zip(self._config.opponents, scores, strict=True)})
            values["mean_score"] = float(np.mean(scores))
        return values

    def _details(self, fitness: NDArray[np.float64], *, is_new: bool) -> dict[str, Json]:
        details: dict[str, Json] = {"species": species_details(self._population, fitness)}
        if is_new:
            crown = self._champion
            details["genome"] = genome_details(
                crown.genome,
                0,
                crown.generation,
                float(crown.evidence.mean()[0]),
                (self._game.observations, self._game.actions),
                is_recurrent=not self._config.feed_forward,
            )
            line = self._ancestry.line(int(crown.genome.keys[0]))
            details["ancestry"] = line_details(line, _ANCESTORS_SHOWN)
        return details

    # State

    def state(self) -> LearnerState:
        """Return population, control, rivals, archive, ancestry and champion."""
        population, crown = self._population.state(), self._champion if self._crown else None
        arrays: dict[str, NDArray[np.generic]] = {
            **population.arrays,
            **self._rivals.arrays(),
            **self._ancestry.to_arrays(),
            "parents": self._parents.copy(),
            "known": np.array(self._known),
        }
        if self._novelty.behaviours is not None:
            arrays["novelty"] = self._novelty.behaviours.copy()
        numbers: dict[str, Json] = {
            **population.numbers,
            "control": dict(self._control.state()),
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
        self._population.restore(arrays, numbers)
        count = self._population.genomes.size
        self._ancestry.restore(arrays)
        self._control.restore(_mapping(numbers, "control"))
        self._rivals.restore(arrays, _mapping(numbers, "rivals"))
        self._parents = _array(arrays, "parents", (count, 2)).astype(np.int64)
        self._known = Evidence(*_array(arrays, "known", (3, count)).astype(np.float64))
        novelty = arrays.get("novelty")
        self._novelty.behaviours = None if novelty is None else novelty.astype(np.float64)
        self._step, self._judge.seeds_used = _whole(numbers, "step"), _whole(numbers, "seeds_used")
        self._hashes = {int(key): str(value) for key, value in _mapping(numbers, "hashes").items()}
        self._crown = None
        if "crown" in numbers:
            fields = _mapping(numbers, "crown")
            scores = fields.get("scores")
            evidence = Evidence(*_array(arrays, "crown/evidence", (3, 1)).astype(np.float64))
            measured = (
                [float(score) for score in scores if isinstance(score, float)] if isinstance(scores, list) else []
            )
            self._crown = _Crown(from_arrays(arrays, "crown"), _whole(fields, "generation"), evidence, measured)

    def close(self) -> None:
        """Nothing is held."""


def control_settings(config: EvolutionConfig) -> ControlSettings:
    """Return the numbers of the species control."""
    return ControlSettings(
        mode=config.species_target_mode,
        target=config.species_target,
        target_min=config.species_target_min,
        target_max=config.species_target_max,
        kp=config.pid_kp,
        ki=config.pid_ki,
        kd=config.pid_kd,
        threshold=config.compatibility_threshold,
        threshold_min=config.threshold_min,
        threshold_max=config.threshold_max,
        population=config.population,
    )


def _genome_of(name: str, context: TrainContext) -> Genomes:
    """Return the genome of the league's player ``name``; ``TrainingError`` if it is no graph."""
    policy = context.opponent(name).policy
    if not isinstance(policy, GraphPolicy):
        raise TrainingError(
            f"start_from is '{name}', a {policy.kind.name.lower()} player: evolution begins from graphs only, such as "
            "champions of NEAT"
        )
    return genomes_from_json(policy_to_json(policy))


def _mapping(numbers: Mapping[str, Json], name: str) -> dict[str, Json]:
    value = numbers.get(name)
    if not isinstance(value, dict):
        raise TrainingError(f"the checkpoint lacks '{name}': resume from another one")
    return value


def _whole(numbers: Mapping[str, Json], name: str) -> int:
    value = numbers.get(name)
    if not isinstance(value, int):
        raise TrainingError(
            f"the checkpoint's '{name}' is {value!r}, a whole number is needed: resume from another one"
        )
    return value


def _array(arrays: Mapping[str, NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    array = arrays.get(name)
    if array is None or array.shape != shape:
        found = None if array is None else array.shape
        raise TrainingError(f"the checkpoint's '{name}' is {found}: the configuration needs {shape}")
    return array
