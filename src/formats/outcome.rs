//! What a reader made of a text: the one answer of built-in messages and patterns alike.

use crate::model::RejectReason;

/// What a text is to a message or a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not this kind.
    NoMatch,
    /// The event is filled in.
    Event,
    /// This kind, and no evidence of anything: another method, another service.
    Other,
    /// This kind, and it cannot be used.
    Reject(RejectReason),
}
