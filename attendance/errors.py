"""What can be wrong with somebody's data, each with a code for machines and a sentence for people.

A refusal that is part of normal work is a value, not an exception; these are for evidence that does not hold.
"""


class HadirError(Exception):
    """Base of every error that this product names itself."""


class PolicyError(HadirError):
    """A rule document says something impossible; the sentence names the place in it."""


class PersonError(HadirError):
    """A person, NIP, unit or roster entry can't be accepted as it stands."""


class EvidenceError(HadirError):
    """Their data is bad: what a node, a file or the wire handed in does not hold.

    Attributes:
        code: stable kebab-case word, also sent over the wire.
    """

    code = "bad-evidence"


class MalformedError(EvidenceError):
    """Not the format that it claims to be."""

    code = "malformed"


class OversizeError(EvidenceError):
    """Larger than the format allows; refused before it is parsed."""

    code = "oversize"


class SignatureError(EvidenceError):
    """The signature does not belong to these bytes and this key."""

    code = "bad-signature"


class BrokenChainError(EvidenceError):
    """An event does not follow from the one before it."""

    code = "bad-chain"


class ForeignError(EvidenceError):
    """An event of another node, or of another epoch, than the batch says."""

    code = "foreign-node"


class GapError(EvidenceError):
    """Events are missing in between.

    Attributes:
        next_seq: the sequence number that would have followed.
    """

    code = "gap"

    def __init__(self, next_seq: int) -> None:
        super().__init__(f"events are missing: the next one to hand in is number {next_seq}")
        self.next_seq = next_seq


class ForkError(EvidenceError):
    """Two different events carry the same number: somebody holds a copy of the node's key.

    Attributes:
        seq: the number that exists twice.
    """

    code = "fork"

    def __init__(self, seq: int) -> None:
        super().__init__(f"two different events carry number {seq}")
        self.seq = seq
