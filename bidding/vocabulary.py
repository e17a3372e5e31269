"""Words of bidding: states of a bid, of a keyset, of an opening; kinds of signed messages and of log entries.

Values are stored and never renamed; each member carries the Chinese term of the law.
"""

from enum import StrEnum


class KeysetState(StrEnum):
    """Where a keyset stands."""

    #: 待见证人演练
    PROPOSED = "proposed"
    #: 已公布: all seats have accepted, bids are sealed to it.
    PUBLISHED = "published"
    #: 已替换: another keyset took its place before publication.
    REPLACED = "replaced"


class BidState(StrEnum):
    """Where one bidder's bid stands. Before the opening nobody but the bidder sees it (R-ET-05)."""

    #: 已登记参与, nothing submitted.
    REGISTERED = "registered"
    #: 已密封
    SEALED = "sealed"
    #: 已撤回 before the deadline.
    WITHDRAWN = "withdrawn"
    #: 已截止: in the close list.
    CLOSED = "closed"
    #: 投标人已解密: the bidder has released all secrets of the step that runs.
    RELEASED = "released"
    #: 第一信封已开启: of a bid in two envelopes; the price is sealed still.
    FIRST_OPENED = "first_opened"
    #: 未通过技术评审: the second envelope stays sealed.
    NOT_PASSED = "not_passed"
    #: 已开标
    OPENED = "opened"
    #: 投标人未解密，视为撤销 (R-ET-07)
    UNRELEASED = "unreleased"
    #: 因投标人原因解密失败，视为撤销 (R-ET-07)
    FAULT_BIDDER = "fault_bidder"
    #: 因投标人之外的原因解密失败，视为撤回 (R-ET-07)
    FAULT_PLATFORM = "fault_platform"


class OpeningStage(StrEnum):
    """Where a lot's opening stands: what was done, never what merely follows from the clock."""

    #: 投标截止，开标清单已入账; no head of the log covers it yet.
    CLOSED = "closed"
    #: 投标人解密: the deadline checkpoint is published, the window runs.
    RELEASING = "releasing"
    #: 见证人解密: the window is closed, shares are due.
    COMBINING = "combining"
    #: 第一信封已开启: names are public, the technical evaluation goes on; the second step begins by an act.
    FIRST_OPENED = "first_opened"
    #: 唱标: the reading-out table is public.
    OPENED = "opened"
    #: 开标记录已确认
    RECORDED = "recorded"
    #: 流标: fewer than three bids, nothing is opened (R-FAIL-01).
    FAILED = "failed"


class Policy(StrEnum):
    """Who must act at the opening; frozen in the keyset."""

    BIDDER = "bidder"
    TRUSTEES = "trustees"
    EITHER = "either"
    BOTH = "both"

    @property
    def asks_bidders(self) -> bool:
        """Say whether a bid stays shut unless its bidder releases it."""
        return self in (Policy.BIDDER, Policy.BOTH)

    @property
    def takes_bidders(self) -> bool:
        """Say whether a bidder's release opens anything."""
        return self is not Policy.TRUSTEES

    @property
    def takes_trustees(self) -> bool:
        """Say whether trustees hold shares."""
        return self is not Policy.BIDDER


class SubmissionKind(StrEnum):
    """What a signed message of a bidder before the deadline does."""

    #: 递交 or 修改 (a later revision replaces the whole bid).
    SUBMISSION = "submission"
    #: 撤回
    WITHDRAWAL = "withdrawal"


class ConsortiumState(StrEnum):
    """Where an agreement of a consortium stands."""

    #: 待成员同意
    OPEN = "open"
    #: 全体成员已同意
    COMPLETE = "complete"
    #: 已终止或者已变更
    ENDED = "ended"


class Answer(StrEnum):
    """What a member has answered."""

    #: 待答复
    ASKED = "asked"
    #: 已签名同意
    CONSENTED = "consented"
    #: 不同意
    DECLINED = "declined"


class Hold(StrEnum):
    """Why a bid is not simply its own firm's: kept in the bid's row, which a submission locks anyway."""

    #: The firm leads a consortium that waits for consents: no submission.
    AWAITING = "awaiting"
    #: The firm bids for a consortium whose members have all consented.
    JOINT = "joint"
    #: The firm has consented to another's consortium: no bid of its own (条例 37).
    MEMBER = "member"


class Step(StrEnum):
    """Steps of opening one document; each is a row, so that a restart goes on where it stopped."""

    #: The file key is recovered and fits its commitment.
    KEY = "key"
    #: The last chunk is verified and the plaintext is kept.
    PLAIN = "plain"


class Outcome(StrEnum):
    """How a step ended, and who is answerable when it failed (R-ET-07)."""

    OK = "ok"
    FAULT_BIDDER = "fault_bidder"
    FAULT_PLATFORM = "fault_platform"


class Capacity(StrEnum):
    """As what somebody is present at an opening and signs its record."""

    #: 投标人
    BIDDER = "bidder"
    #: 招标代理机构
    AGENCY = "agency"
    #: 招标人
    PROCURING_ENTITY = "procuring_entity"
    #: 行政监督部门
    SUPERVISOR = "supervisor"
    #: 开标见证人
    TRUSTEE = "trustee"


#: Parts of a bid (trading.slots says which a lot asks for). The form with the price, and the one file of a bid that is
#: opened at once; a bid in two envelopes has a letter and two files before, and a priced file beside the form.
FORM, FILE = "form", "file"
LETTER, BUSINESS, TECHNICAL, COMMERCIAL = "letter", "business", "technical", "commercial"
#: Parts that are filled in and read out; the others are files.
FORMS = (LETTER, FORM)
_FORM_CHUNK, _FILE_CHUNK = 16384, 1048576
#: Chunk sizes by part (crypto.md §3.5).
CHUNK_OF_SLOT = {LETTER: _FORM_CHUNK, FORM: _FORM_CHUNK} | dict.fromkeys(
    (FILE, BUSINESS, TECHNICAL, COMMERCIAL), _FILE_CHUNK
)
#: The largest file of a bid, in bytes: 500 MiB.
MAX_FILE_BYTES = 500 << 20
#: Fewer bids than this and the lot fails (R-FAIL-01); looked up as `min_bidders` in the parameter table.
MIN_BIDDERS = "min_bidders"
