"""Average linkage: the two clusters that are nearest on average are joined, until one is left."""


class Cluster:
    def __init__(self, members, height=0.0, parts=()):
        self.members = members  # in the order in which they are drawn
        self.height = height  # the mean distance of the two parts
        self.parts = parts


def mean_distance(distances, first, second):
    total = sum(distances[i][j] for i in first.members for j in second.members)
    return total / (len(first.members) * len(second.members))


def join_all(distances):
    """The one cluster of all, of a symmetric matrix of distances. The nearer part of two comes first by its lowest
    member, so that the same matrix gives the same order."""
    clusters = [Cluster([i]) for i in range(len(distances))]
    while len(clusters) > 1:
        height, a, b = min(
            (mean_distance(distances, clusters[a], clusters[b]), a, b)
            for a in range(len(clusters)) for b in range(a + 1, len(clusters)))
        first, second = clusters[a], clusters.pop(b)
        if min(second.members) < min(first.members):
            first, second = second, first
        clusters[a] = Cluster(first.members + second.members, height, (first, second))
    return clusters[0]


def cut(cluster, height):
    """The clusters that are left below a height."""
    if cluster.height <= height or not cluster.parts:
        return [cluster]
    return cut(cluster.parts[0], height) + cut(cluster.parts[1], height)


def draw_tree(axes, cluster, colour):
    """From left (far) to right (near), a network at each whole number of y. Returns the y of its stem."""
    if not cluster.parts:
        return cluster.place
    ys = [draw_tree(axes, part, colour) for part in cluster.parts]
    for part, y in zip(cluster.parts, ys):
        axes.plot([cluster.height, part.height], [y, y], color=colour, linewidth=1.5)
    axes.plot([cluster.height] * 2, ys, color=colour, linewidth=1.5)
    return sum(ys) / 2


def set_places(cluster, first=0):
    """Gives each member its place in the order."""
    if not cluster.parts:
        cluster.place = first
        return
    set_places(cluster.parts[0], first)
    set_places(cluster.parts[1], first + len(cluster.parts[0].members))
