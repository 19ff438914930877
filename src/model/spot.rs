//! Where in the inputs a fact stands.

/// A record's place: which input, and the byte at which the record starts.
///
/// `input` is the rank of the input in the plan, which follows from the inputs' contents and
/// names and not from the order of the arguments; `offset` counts bytes of the *decoded*
/// stream. Spots order as a reader would meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Rank of the input in the plan.
    pub input: u32,
    /// Byte offset in the decoded stream.
    pub offset: u64,
}
