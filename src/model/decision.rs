//! Who is billed, who is not, and why.

use super::{CategoryUsage, Class, Form, Moment, Platform, Platforms, SipIdRef, Spot, Standing, Usage};
use std::fmt;

/// What is charged for, per user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Seen on iOS or Android.
    Generic,
    /// Seen on macOS or Windows.
    Desktop,
    /// Hosted a conference.
    Conferencing,
    /// Used messaging.
    Messaging,
}

impl Category {
    /// The four charges, in the order of the invoice.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Desktop, Self::Conferencing, Self::Messaging];

    /// The name used in books and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Desktop => "desktop",
            Self::Conferencing => "conferencing",
            Self::Messaging => "messaging",
        }
    }

    /// The category of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Usage {
    /// The quantities of one category.
    pub const fn of(&self, category: Category) -> &CategoryUsage {
        match category {
            Category::Generic => &self.generic,
            Category::Desktop => &self.desktop,
            Category::Conferencing => &self.conferencing,
            Category::Messaging => &self.messaging,
        }
    }

    /// The quantities of one category, to be added to.
    pub const fn of_mut(&mut self, category: Category) -> &mut CategoryUsage {
        match category {
            Category::Generic => &mut self.generic,
            Category::Desktop => &mut self.desktop,
            Category::Conferencing => &mut self.conferencing,
            Category::Messaging => &mut self.messaging,
        }
    }
}

/// The kind of proof behind a row of `users.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EvidenceKind {
    /// One record that proves itself.
    Line,
    /// A request and its reply put together.
    Transaction,
    /// The life of a binding whose end was logged.
    SustainedClosed,
    /// The life of a binding of which no end was logged.
    SustainedOpen,
    /// A dump of the location table.
    Snapshot,
    /// A row of a side file.
    SideFile,
}

impl EvidenceKind {
    /// The name used in `users.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Transaction => "transaction",
            Self::SustainedClosed | Self::SustainedOpen => "sustained",
            Self::Snapshot => "snapshot",
            Self::SideFile => "side_file",
        }
    }
}

/// One thing seen of a user in one cycle: a tally entry after classification. Borrowed texts
/// live in the tally and in the verdicts.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'t> {
    pub standing: Standing,
    /// The User-Agent's text; `None` where none is known.
    pub agent: Option<&'t [u8]>,
    pub platform: Platform,
    pub form: Form,
    pub class: Class,
    pub is_billable: bool,
    pub is_push: bool,
    pub count: u64,
    /// `None` where the log has no clock.
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// Bit n: the user was active on day n of the cycle.
    pub days: u64,
    /// The earliest record behind it.
    pub spot: Spot,
    pub evidence: EvidenceKind,
}

/// Why a user is not charged for something that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The charge is switched off, or the book has none.
    ChargeDisabled,
    /// `exclude` names the SIP-ID.
    Excluded,
    /// No tenant claims the domain.
    Unassigned,
    /// The app is none of `billable_agents`.
    NotBillableAgent,
    /// The platform is known and never charged for.
    PlatformNotBilled,
    /// A desktop product whose system is not named and may be Linux.
    PlatformUndecided,
    /// No rule knows the User-Agent.
    PlatformUnknown,
    /// No User-Agent is known.
    NoAgent,
    /// Only a push server was seen, and the book ignores those.
    PushIgnored,
    /// Seen on both, and `cross_category = "once"` bills it as generic.
    BilledAsGeneric,
    /// Only refused.
    OnlyRefused,
    /// Only de-registrations.
    OnlyDeregistered,
    /// Only binding queries.
    OnlyFetched,
    /// Only attempts whose acceptance nothing proves.
    OnlyAttempted,
    /// Only a binding that lived on, and the book does not count those.
    OnlySustained,
    /// Only a binding that may have lived on: nothing proves a registration in the cycle.
    NotProven,
    /// Only a dump of the location table.
    OnlySnapshot,
    /// Only the end of an older binding.
    OnlyExpired,
    /// Joined conferences, hosted none.
    ConferenceGuest,
    /// Sent messages, but the book bills by list and registration.
    MessageNotBasis,
    /// In a side file as messaging user, but not registered in the cycle.
    NotRegistered,
}

impl Reason {
    /// Every reason, in their order.
    pub const ALL: [Self; 21] = [
        Self::ChargeDisabled,
        Self::Excluded,
        Self::Unassigned,
        Self::NotBillableAgent,
        Self::PlatformNotBilled,
        Self::PlatformUndecided,
        Self::PlatformUnknown,
        Self::NoAgent,
        Self::PushIgnored,
        Self::BilledAsGeneric,
        Self::OnlyRefused,
        Self::OnlyDeregistered,
        Self::OnlyFetched,
        Self::OnlyAttempted,
        Self::OnlySustained,
        Self::NotProven,
        Self::OnlySnapshot,
        Self::OnlyExpired,
        Self::ConferenceGuest,
        Self::MessageNotBasis,
        Self::NotRegistered,
    ];

    /// The name used in `unbilled.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChargeDisabled => "charge_disabled",
            Self::Excluded => "excluded",
            Self::Unassigned => "unassigned",
            Self::NotBillableAgent => "not_billable_agent",
            Self::PlatformNotBilled => "platform_not_billed",
            Self::PlatformUndecided => "platform_undecided",
            Self::PlatformUnknown => "platform_unknown",
            Self::NoAgent => "no_agent",
            Self::PushIgnored => "push_ignored",
            Self::BilledAsGeneric => "billed_as_generic",
            Self::OnlyRefused => "only_refused",
            Self::OnlyDeregistered => "only_deregistered",
            Self::OnlyFetched => "only_fetched",
            Self::OnlyAttempted => "only_attempted",
            Self::OnlySustained => "only_sustained",
            Self::NotProven => "not_proven",
            Self::OnlySnapshot => "only_snapshot",
            Self::OnlyExpired => "only_expired",
            Self::ConferenceGuest => "conference_guest",
            Self::MessageNotBasis => "message_not_basis",
            Self::NotRegistered => "not_registered",
        }
    }

    /// A sentence for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ChargeDisabled => "the charge is switched off in the book",
            Self::Excluded => "`exclude` in the book names this SIP-ID",
            Self::Unassigned => "no tenant claims the domain",
            Self::NotBillableAgent => "the app is none of `billable_agents`",
            Self::PlatformNotBilled => "the platform is known and never charged for",
            Self::PlatformUndecided => {
                "a desktop product that also exists for Linux, and the system is not named"
            }
            Self::PlatformUnknown => "no rule knows the User-Agent",
            Self::NoAgent => "no User-Agent is known",
            Self::PushIgnored => "only a push server was seen, and the book ignores those",
            Self::BilledAsGeneric => "seen on both, and `cross_category = \"once\"` bills it as generic",
            Self::OnlyRefused => "every attempt was refused",
            Self::OnlyDeregistered => "only de-registrations",
            Self::OnlyFetched => "only queries of the bindings",
            Self::OnlyAttempted => "attempts only; nothing proves that one was accepted",
            Self::OnlySustained => "only a binding that lived on, and the book does not count those",
            Self::NotProven => "a binding may have lived on, but nothing proves a registration in the cycle",
            Self::OnlySnapshot => "only listed in a snapshot",
            Self::OnlyExpired => "only the end of an older binding",
            Self::ConferenceGuest => "joined conferences as a guest, hosted none",
            Self::MessageNotBasis => "sent messages, and the book bills messaging on another basis",
            Self::NotRegistered => "listed as a messaging user, but never registered in the cycle",
        }
    }
}

/// One charge due for one user in one cycle: a row of `users.csv`. Texts live where those of
/// [`Seen`] do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledUser<'t> {
    pub category: Category,
    pub sip_id: SipIdRef<'t>,
    pub platforms: Platforms,
    pub push_only: bool,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
    pub active_days: u32,
    /// The same: bit n is day n of the cycle.
    pub days: u64,
    pub registrations: u64,
    /// Sorted, without repeats, as sent.
    pub user_agents: Vec<&'t [u8]>,
    pub evidence: EvidenceKind,
    /// `None` for a side file's row, whose place is `side_file_line`.
    pub spot: Option<Spot>,
    /// 1-based line of the side file, where that is the evidence.
    pub side_file_line: Option<u64>,
}

/// One thing seen of one user and not charged: a row of `unbilled.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnbilledUser<'t> {
    pub sip_id: SipIdRef<'t>,
    pub reason: Reason,
    /// What it would have been, where that is known.
    pub would_be: Option<Category>,
    pub platforms: Platforms,
    pub user_agents: Vec<&'t [u8]>,
    /// How often it was seen.
    pub count: u64,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
    pub spot: Option<Spot>,
}

/// For one user, cycle and tenant: every charge, and the reason for each that is not made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision<'t> {
    /// By category.
    pub billed: Vec<BilledUser<'t>>,
    /// By reason, then by what it would have been.
    pub unbilled: Vec<UnbilledUser<'t>>,
}

impl<'t> Decision<'t> {
    /// From now on the outputs name the user so.
    pub fn call(&mut self, name: SipIdRef<'t>) {
        self.billed.iter_mut().for_each(|user| user.sip_id = name);
        self.unbilled.iter_mut().for_each(|user| user.sip_id = name);
    }
}
