//! How much a record proves.

/// The grade of a piece of evidence: what may be billed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Proof of an accepted live binding, with SIP-ID and User-Agent. Billed.
    A,
    /// Proof of an accepted live binding without a User-Agent of its own. Billed.
    B,
    /// A registration that must have happened although no line says so. Billed and marked.
    Sustained,
    /// A snapshot: the binding existed when it was taken. Opt-in.
    S,
    /// Attempted or authenticated, acceptance not proven. Never billed by default.
    W,
    /// Challenge, refusal, de-registration, fetch, expiry, somebody else's login. Never billed.
    N,
}

/// What a tally entry counts: one user and device in one window can stand in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Standing {
    /// Registrations the server accepted (grades A and B).
    Accepted,
    /// Registrations proven only by the life of a binding whose end was logged.
    SustainedClosed,
    /// Registrations proven only by the life of a binding of which no end was logged.
    SustainedOpen,
    /// Bindings that may have lived in the window; nothing proves that they were refreshed in it.
    Unproven,
    /// Bindings seen in a snapshot (S).
    Snapshot,
    /// Attempts and authentications without proof of acceptance (W).
    Attempted,
    /// Refusals and challenges that were not followed by anything better (N).
    Refused,
    /// De-registrations (N).
    Deregistered,
    /// Binding queries: a REGISTER without Contact (N).
    Fetched,
    /// Bindings that ran out or were removed by the server (N).
    Expired,
    /// Accepted MESSAGE requests, counted for their sender.
    MessageSent,
    /// Conferences hosted.
    Hosted,
    /// Conferences joined as a guest; never charged.
    Joined,
}

impl Standing {
    /// Every standing, in the order in which reports list them.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::SustainedClosed,
        Self::SustainedOpen,
        Self::Unproven,
        Self::Snapshot,
        Self::Attempted,
        Self::Refused,
        Self::Deregistered,
        Self::Fetched,
        Self::Expired,
        Self::MessageSent,
        Self::Hosted,
        Self::Joined,
    ];

    /// Whether a binding's life is all that proves the registration.
    pub const fn is_sustained(self) -> bool {
        matches!(self, Self::SustainedClosed | Self::SustainedOpen)
    }
}
