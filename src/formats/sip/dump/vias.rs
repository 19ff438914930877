//! Where lines without a prefix stand that are a message's Via.

use std::ops::Range;

/// The search for them, which goes over each part of the bytes once as long as it is asked in their order.
#[derive(Debug, Default)]
pub(super) struct Vias {
    /// No such line begins in here.
    without: Range<usize>,
    /// Other bytes may follow those that are searched.
    is_unfinished: bool,
}

impl Vias {
    /// The search in bytes behind which others may follow.
    pub fn unfinished() -> Self {
        Self { is_unfinished: true, ..Self::default() }
    }

    /// Whether such a line begins in that range, which begins with a line and may end behind the bytes.
    pub fn is_one_in(&mut self, bytes: &[u8], range: Range<usize>) -> bool {
        if !(self.without.start..=self.without.end).contains(&range.start) {
            self.without = range.start..range.start;
        }
        let until = range.end.min(bytes.len());
        while self.without.end < until {
            let from = self.without.end;
            let Some(at) = memchr::memchr2(b'v', b'V', &bytes[from..until]).map(|at| from + at) else {
                self.without.end = until;
                break;
            };
            if (at == 0 || bytes[at - 1] == b'\n') && is_via(&bytes[at..]) {
                self.without.end = at;
                return true;
            }
            self.without.end = at + 1;
        }
        false
    }

    /// Whether one may begin before `end` and behind the bytes.
    pub fn may_follow(&self, bytes: &[u8], end: usize) -> bool {
        self.is_unfinished && bytes.len() < end
    }
}

/// Whether the text begins with that header, in either form (RFC 3261 §20.42); blanks may stand before the colon.
fn is_via(text: &[u8]) -> bool {
    let name = match text {
        [a, b, c, ..] if [a, b, c].map(u8::to_ascii_lowercase) == *b"via" => 3,
        _ => 1,
    };
    let behind = text[name..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    behind == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_via_begins_a_line_in_either_form() {
        let stands = |text: &str| Vias::default().is_one_in(text.as_bytes(), 0..100);
        for text in ["Via: x", "a\nv: x", "a\r\nVIA \t: x", "Viv\nvia:"] {
            assert!(stands(text), "{text}");
        }
        for text in ["", "xVia: x", "a\nViax: x", "Via", "a\n Via: x", "Oct  5 14:03:22 h v: x"] {
            assert!(!stands(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_first_changes_no_answer(
            lines in prop::collection::vec("(Via:|v :|Vi|xv:|a|)", 0..12),
            asked in prop::collection::vec((0_usize..12, 0_usize..30), 1..8),
        ) {
            let text = lines.join("\n");
            let starts: Vec<usize> = (0..text.len()).filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n').collect();
            let mut vias = Vias::default();
            for (line, len) in asked {
                let Some(from) = starts.get(line).copied() else { continue };
                let range = from..from + len;
                let anew = starts.iter().any(|at| range.contains(at) && is_via(&text.as_bytes()[*at..]));
                prop_assert_eq!(vias.is_one_in(text.as_bytes(), range), anew);
            }
        }
    }
}
