//! What a capture held, and what was passed over.

/// How many of each, since the start of the capture.
///
/// Streams and gaps that are still open are settled when the capture ends, so the counts are
/// final only then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages handed out.
    pub messages: u64,
    /// Of these, the ones that are not whole: cut by the capture's snap length, by a gap in a
    /// TCP stream, or by its end.
    pub cut_messages: u64,
    /// Packets of a link type that is not read.
    pub unknown_link: u64,
    /// Packets that carry no IP (ARP, for one).
    pub not_ip: u64,
    /// Packets whose headers do not hold together, or end before they should.
    pub malformed: u64,
    /// IP packets with neither UDP nor TCP.
    pub other_protocol: u64,
    /// Fragmented datagrams of which a piece never came.
    pub incomplete_datagrams: u64,
    /// Fragmented datagrams refused because two pieces claim the same bytes differently.
    pub overlapping_datagrams: u64,
    /// UDP payloads that only keep a path open: line ends, NUL bytes, or nothing.
    pub keep_alives: u64,
    /// UDP payloads that do not start like a SIP message.
    pub not_sip: u64,
    /// TCP segments with nothing new in them.
    pub retransmitted: u64,
    /// Places in TCP streams where bytes are missing from the capture.
    pub tcp_gaps: u64,
    /// TCP streams that carry TLS; counted for each direction.
    pub tls_streams: u64,
    /// TCP bytes in which no SIP message was found.
    pub tcp_bytes_skipped: u64,
    /// TCP streams let go, with what they still held, to keep the memory bounded.
    pub tcp_streams_dropped: u64,
}
