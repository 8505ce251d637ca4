"""Where workers run, and whether there is room for them: Ray waits for it without a word."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

from ..checks import check_count, is_number


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where and how to run.

    address (str): The cluster; None for one on this machine, or that of the environment.
    workers (int | tuple): How many workers there are, or the fewest and the most.
    num_cpus (float): Cores of a worker.
    num_gpus (float): GPUs of a worker.
    """

    address: str | None = None
    workers: int | tuple[int, int] = 2
    num_cpus: float = 1
    num_gpus: float = 0

    def __post_init__(self) -> None:
        if not isinstance(self.bounds, tuple) or len(self.bounds) != 2:
            raise ValueError(
                f"workers: {self.workers!r} is neither a number nor the fewest and the most; give "
                "one of them"
            )
        for bound in self.bounds:
            check_count("workers", bound, 1)
        if self.bounds[0] > self.bounds[1]:
            raise ValueError(f"workers: {self.workers!r} has the most first; give the fewest first")
        for key in ("num_cpus", "num_gpus"):
            value = getattr(self, key)
            if not is_number(value) or not 0 <= value < math.inf:
                raise ValueError(f"{key}: {value!r} is no number from 0 on; give one")

    @property
    def bounds(self) -> tuple[int, int]:
        """RETURNS (tuple): The fewest and the most workers."""
        return (self.workers, self.workers) if isinstance(self.workers, int) else self.workers


def find_room(ray: Any, cluster: Cluster) -> int:
    """Find for how many workers a cluster, as it is now, has room; warn if these are not all.

    ray (module): Ray, connected.
    cluster (Cluster): How many workers there are, and what each has.
    RETURNS (int): How many can start, of the fewest that there shall be.
    """
    fewest = cluster.bounds[0]
    room = min(fewest, _room(ray, cluster))
    needs = f"{cluster.num_cpus:g} CPUs and {cluster.num_gpus:g} GPUs"
    if room == 0:
        warnings.warn(
            f"no machine of the cluster has {needs}, which each worker takes; the run waits until "
            "one joins: add one, or give workers less",
            stacklevel=4,
        )
    elif room < fewest:
        warnings.warn(
            f"the cluster has room for {room:g} of {fewest} workers with {needs} each; the others "
            "start when machines join",
            stacklevel=4,
        )
    return int(room)


def warn_of_full_cluster(ray: Any, cluster: Cluster) -> None:
    """Say if workers leave no core to the tasks that read and write, which would wait forever.

    ray (module): Ray, connected.
    cluster (Cluster): How many workers there are, and what each has.
    """
    cores = sum(node.get("CPU", 0) for node in _nodes(ray))
    workers = min(cluster.bounds[1], _room(ray, cluster))
    if workers and cores - workers * cluster.num_cpus < 1:
        warnings.warn(
            f"{workers:g} workers with {cluster.num_cpus:g} CPUs each leave none of the cluster's "
            f"{cores:g} to tasks that read or write, which would wait forever; take fewer workers, "
            "or a larger cluster",
            stacklevel=3,
        )


def _room(ray: Any, cluster: Cluster) -> float:
    """RETURNS (float): How many workers the machines of the cluster can hold."""
    needs = {"CPU": cluster.num_cpus, "GPU": cluster.num_gpus}
    return sum(
        min((node.get(key, 0) // need for key, need in needs.items() if need), default=math.inf)
        for node in _nodes(ray)
    )


def _nodes(ray: Any) -> list[dict[str, float]]:
    """RETURNS (list): What each machine of the cluster has."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]
