//! The classes of a comparison.

use std::fmt;

/// In which way a row of theirs and what we bill agree or differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiffClass {
    /// Both bill the user in that category.
    Match,
    /// They bill what we do not.
    BilledNotSeen,
    /// We bill what they do not.
    SeenNotBilled,
    /// They bill the user in another category than we do.
    WrongCategory,
    /// The same user and category again, written the same way.
    DuplicateExact,
    /// The same user and category again, written in another way.
    DuplicateAlias,
    /// They bill the user to another tenant.
    WrongTenant,
    /// They bill a guest as a host.
    WrongRole,
    /// They bill another amount.
    Amount,
    /// They bill other days.
    Period,
    /// The row cannot be read.
    VendorRowBad,
}

impl DiffClass {
    /// Every class, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Match,
        Self::BilledNotSeen,
        Self::SeenNotBilled,
        Self::WrongCategory,
        Self::DuplicateExact,
        Self::DuplicateAlias,
        Self::WrongTenant,
        Self::WrongRole,
        Self::Amount,
        Self::Period,
        Self::VendorRowBad,
    ];

    /// The name used in `differences.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::BilledNotSeen => "billed_not_seen",
            Self::SeenNotBilled => "seen_not_billed",
            Self::WrongCategory => "wrong_category",
            Self::DuplicateExact => "duplicate_exact",
            Self::DuplicateAlias => "duplicate_alias",
            Self::WrongTenant => "wrong_tenant",
            Self::WrongRole => "wrong_role",
            Self::Amount => "amount",
            Self::Period => "period",
            Self::VendorRowBad => "vendor_row_bad",
        }
    }

    /// A few words for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Match => "both bill it",
            Self::BilledNotSeen => "they bill it, the logs do not show it",
            Self::SeenNotBilled => "the logs show it, they do not bill it",
            Self::WrongCategory => "billed as another category",
            Self::DuplicateExact => "billed again, written the same",
            Self::DuplicateAlias => "billed again, written differently",
            Self::WrongTenant => "billed to another tenant",
            Self::WrongRole => "a guest billed as a host",
            Self::Amount => "another amount than the book's",
            Self::Period => "other days than the cycle's",
            Self::VendorRowBad => "a row that cannot be read",
        }
    }
}

impl fmt::Display for DiffClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
