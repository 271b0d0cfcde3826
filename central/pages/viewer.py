"""The person who looks at a page, and the units that he sees."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from central.accounts import Account, Role
from central.tables import account as table
from central.tables import audit_log
from central.units import subtree

WHOLE_REGENCY = frozenset({Role.LEADER, Role.HR_ADMIN, Role.TECHNICIAN, Role.AUDITOR})
"""Roles that see every unit when their account names none; the others then see nothing."""

PEOPLE_READERS = (Role.LEADER, Role.HR_ADMIN, Role.UNIT_HEAD, Role.UNIT_ADMIN, Role.AUDITOR)
"""Roles that may see who is present."""
NODE_READERS = (Role.TECHNICIAN, Role.HR_ADMIN, Role.AUDITOR)
"""Roles that may see the state of the nodes."""
TEMPLATE_READERS = (*PEOPLE_READERS, Role.TECHNICIAN)
"""Roles that may see the state of the sensors, and which of them still have to erase something."""
NAME_READERS = frozenset({Role.HR_ADMIN, Role.UNIT_ADMIN, Role.AUDITOR})
"""Roles that read names in lists of fingerprints, because they have to do something for these people or to
check those who do. A leader reads numbers, and a technician neither: a name in such a list is no verdict and
would be read as one. A single finding may be opened by a leader; that he did is written down."""
FINDING_DECIDERS = (Role.HR_ADMIN,)
"""Roles that decide what a finding was."""
PIN_READERS = (Role.HR_ADMIN, Role.UNIT_ADMIN, Role.AUDITOR)
"""Roles that may see who comes in by PIN, and why: the reason speaks of people's hands."""
PIN_KEEPERS = (Role.HR_ADMIN, Role.UNIT_ADMIN)
"""Roles that set and withdraw PINs, each in the units that they see."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in person.

    Attributes:
        account: his account.
        units: codes of the units that he sees; None means all of them.
        has_password: False where only one-time links open the account.
        must_change: somebody else chose his password, and so knows it.
    """

    account: Account
    units: frozenset[str] | None
    has_password: bool
    must_change: bool

    @property
    def role(self) -> Role:
        """The role of his account."""
        return self.account.role

    @property
    def reads_people(self) -> bool:
        """Whether the board and the pages of units are for him."""
        return self.role in PEOPLE_READERS

    @property
    def reads_nodes(self) -> bool:
        """Whether the page of the nodes is for him."""
        return self.role in NODE_READERS

    @property
    def reads_templates(self) -> bool:
        """Whether the pages of sensors and erased fingers are for him."""
        return self.role in TEMPLATE_READERS

    @property
    def reads_names(self) -> bool:
        """Whether lists of fingerprints name people to him."""
        return self.role in NAME_READERS

    @property
    def decides_findings(self) -> bool:
        """Whether he decides what a finding was."""
        return self.role in FINDING_DECIDERS

    @property
    def reads_pins(self) -> bool:
        """Whether he may see who comes in by PIN."""
        return self.role in PIN_READERS

    @property
    def keeps_pins(self) -> bool:
        """Whether he sets and withdraws PINs."""
        return self.role in PIN_KEEPERS

    def sees(self, unit: str | None) -> bool:
        """Whether something of this unit exists for him."""
        return self.units is None or (unit is not None and unit in self.units)


def viewer_of(connection: Connection, account: Account) -> Viewer:
    """Say what an account sees: its own unit and those below it.

    An account of a unit role without a unit sees nothing, and so does one whose unit is gone. An
    employee sees no unit at all, only himself.
    """
    has_password = bool(
        connection.scalar(select(table.c.password_hash.is_not(None)).where(table.c.id == account.id))
    )
    must_change = has_password and not _chose_it_himself(connection, account)
    return Viewer(account, _units_of(connection, account), has_password, must_change)


def _chose_it_himself(connection: Connection, account: Account) -> bool:
    """The audit log knows who made the newest change of a password; making an account is no change."""
    log = audit_log.c
    newest = (
        select(log.actor)
        .where(log.subject == str(account.id), log.action == "password-changed")
        .order_by(log.id.desc())
        .limit(1)
    )
    return connection.scalar(newest) == account.name


def _units_of(connection: Connection, account: Account) -> frozenset[str] | None:
    if account.role is Role.EMPLOYEE:
        return frozenset()
    if account.unit is None:
        return None if account.role in WHOLE_REGENCY else frozenset()
    return subtree(connection, account.unit)
