//! Bytes that a text writes as two hexadecimal digits behind a mark.

/// Appends the text with every byte restored that stands as `mark` and two hexadecimal digits, as
/// URIs write it (`%2B`, RFC 3986 §2.1) and Asterisk's stores (`^3B`). A mark without two digits stays.
pub fn undo_escapes(text: &[u8], mark: u8, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(mark, rest) {
        out.extend_from_slice(&rest[..at]);
        let digit = |index: usize| rest.get(at + index).and_then(|byte| char::from(*byte).to_digit(16));
        match (digit(1), digit(2)) {
            (Some(high), Some(low)) => {
                // Two digits make a byte.
                out.push((high * 16 + low) as u8);
                rest = &rest[at + 3..];
            }
            _ => {
                out.push(mark);
                rest = &rest[at + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
}
