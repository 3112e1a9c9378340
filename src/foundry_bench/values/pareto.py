"""The Pareto front of points in the plane."""


def pareto_front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other exceeds in one coordinate without falling behind in the other; by the first, rising.

    Both coordinates are better the higher they are.
    """
    front: list[tuple[float, float]] = []
    for point in sorted(set(points), reverse=True):
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return front[::-1]
