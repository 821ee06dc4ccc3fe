"""What came since some heads, found by walking back."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from prdgen.crdt.graph import Graph


@dataclass(frozen=True)
class Node:
    hash: bytes
    deps: tuple[bytes, ...]


@st.composite
def histories(draw):
    """Nodes, each built on some of the current ends or on older ones."""
    nodes = []
    for number in range(draw(st.integers(0, 12))):
        older = [node.hash for node in nodes]
        deps = draw(st.lists(st.sampled_from(older), max_size=3, unique=True)) if older else []
        nodes.append(Node(bytes([number]), tuple(deps)))
    known = draw(st.lists(st.sampled_from([n.hash for n in nodes]), unique=True)) if nodes else []
    return nodes, known


def ancestors(nodes, names):
    by_hash = {node.hash: node for node in nodes}
    found, stack = set(), list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(by_hash[name].deps)
    return found


@given(histories())
def test_beyond_is_everything_that_is_no_ancestor(history):
    """Exactly the others come back, each after those it builds on."""
    nodes, known = history
    graph = Graph()
    for node in nodes:
        graph.add(node)
    ends = {node.hash for node in nodes} - {dep for node in nodes for dep in node.deps}
    inside = ancestors(nodes, known)
    assert graph.beyond(known, ends) == [node for node in nodes if node.hash not in inside]


class Counted(Node):
    """A node that notes when it is looked at."""

    looked = 0

    def __getattribute__(self, name):
        if name == "deps":
            Counted.looked += 1
        return super().__getattribute__(name)


def test_a_long_history_is_not_walked_through():
    """Only what lies after the known heads is looked at."""
    graph = Graph()
    for number in range(200):
        graph.add(Counted(bytes([number]), (bytes([number - 1]),) if number else ()))
    Counted.looked = 0
    found = graph.beyond([bytes([197])], [bytes([199])])
    assert [node.hash for node in found] == [bytes([198]), bytes([199])]
    assert Counted.looked <= 4
