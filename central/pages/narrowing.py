"""Cuts each viewer's part out of the shared board. Decides, touches nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from central.board import Board, NodeLine, PunchLine, UnitLine
from central.presence import Tally


@dataclass(frozen=True, slots=True)
class Row:
    """One SKPD (or part of one), with everything below it added up.

    Attributes:
        nodes: how many nodes serve it.
        quiet, distrusted: those of them that can't be counted on.
        on_paper: no node at all: its people are known from elsewhere or not at all.
    """

    code: str
    name: str
    tally: Tally
    nodes: int
    quiet: tuple[NodeLine, ...]
    distrusted: tuple[NodeLine, ...]

    @property
    def on_paper(self) -> bool:
        """Whether nobody there can punch."""
        return self.nodes == 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one viewer sees.

    Attributes:
        covered_percent: share of the expected people whose nodes all report, rounded down.
        names: unit code to name, for the nodes in the rows.
        findings: of fingerprints, that wait for a decision.
        sensors: that are not the ones we know.
    """

    day: date
    totals: Tally
    rows: tuple[Row, ...]
    nodes: int
    quiet: tuple[NodeLine, ...]
    covered_percent: int
    punches: tuple[PunchLine, ...]
    names: dict[str, str]
    findings: int
    sensors: int

    @property
    def reporting(self) -> int:
        """How many nodes report."""
        return self.nodes - len(self.quiet)

    @property
    def on_paper(self) -> tuple[Row, ...]:
        """Rows without a node that have people."""
        return tuple(row for row in self.rows if row.on_paper and row.tally.people)


def narrow(board: Board, units: frozenset[str] | None, punches: Iterable[PunchLine] = ()) -> Part:
    """Give the part of the board that lies in these units; None means all of it.

    Args:
        board: of everybody.
        units: codes.
        punches: the newest of these units; of all units the board has them itself.
    """
    lines = [line for line in board.units if units is None or line.code in units]
    rows = tuple(_row(head, members) for head, members in _groups(lines))
    totals = sum((row.tally for row in rows), Tally())
    covered = sum(line.watched for line in lines)
    return Part(
        day=board.day,
        totals=totals,
        rows=rows,
        nodes=sum(row.nodes for row in rows),
        quiet=tuple(node for row in rows for node in row.quiet),
        covered_percent=covered * 100 // totals.people if totals.people else 100,
        punches=board.punches if units is None else tuple(punches),
        names={line.code: line.name for line in lines},
        findings=board.troubles.findings_in(units),
        sensors=board.troubles.sensors_in(units),
    )


def _groups(lines: list[UnitLine]) -> list[tuple[UnitLine, list[UnitLine]]]:
    """The rows of the board, each with the units that it adds up.

    These are the topmost units; where there is only one with units below it (the regency itself, or the SKPD
    of a unit head), that one by itself and each unit directly below it.
    """
    below: dict[str | None, list[UnitLine]] = {}
    known = {line.code for line in lines}
    for line in lines:
        below.setdefault(line.parent if line.parent in known else None, []).append(line)
    tops = below.get(None, [])
    if len(tops) == 1 and below.get(tops[0].code):
        top = tops[0]
        own = [(top, [top])] if top.tally != Tally() or top.nodes else []
        return own + [(child, _with_all_below(child, below)) for child in below[top.code]]
    return [(top, _with_all_below(top, below)) for top in tops]


def _with_all_below(head: UnitLine, below: dict[str | None, list[UnitLine]]) -> list[UnitLine]:
    found, waiting = [], [head]
    while waiting:
        line = waiting.pop()
        found.append(line)
        waiting.extend(below.get(line.code, ()))
    return found


def _row(head: UnitLine, members: Iterable[UnitLine]) -> Row:
    members = list(members)
    nodes = [node for line in members for node in line.nodes]
    return Row(
        code=head.code,
        name=head.name,
        tally=sum((line.tally for line in members), Tally()),
        nodes=len(nodes),
        quiet=tuple(node for node in nodes if node.quiet),
        distrusted=tuple(node for node in nodes if node.distrusted),
    )
