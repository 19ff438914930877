//! Places in the logs as `explain` writes them.

use super::Places;
use super::text::printable;
use crate::model::{Quote, Spot, Story};

/// Names places for one story.
#[derive(Clone, Copy)]
pub(super) struct Named<'s> {
    pub story: &'s Story<'s>,
    pub places: &'s dyn Places,
}

impl<'s> Named<'s> {
    /// File, line and byte; of a capture its packet.
    pub fn place(self, spot: Spot) -> String {
        let file = printable(self.places.input(spot));
        match self.quote(spot) {
            _ if self.story.captures.contains(&spot.input) => format!("{file}, packet {}", spot.offset),
            Some(quote) => format!("{file}:{}, byte {}", quote.line, spot.offset),
            None => format!("{file}, byte {}", spot.offset),
        }
    }

    /// The record there.
    pub fn quote(self, spot: Spot) -> Option<&'s Quote> {
        self.story.quotes.get(&spot)
    }

    /// The record's lines, without empty ones at its end.
    pub fn lines(self, spot: Spot) -> Vec<&'s [u8]> {
        let text = self.quote(spot).map_or(&b""[..], |quote| quote.text.trim_ascii_end());
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        if text.is_empty() { Vec::new() } else { lines.collect() }
    }
}

/// A time that passed, in its largest units: `40 minutes`, `2 h 1 min`.
pub(super) fn span_text(seconds: u64) -> String {
    let unit = |number: u64, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    match seconds {
        0..60 => unit(seconds, "second"),
        60..3600 => unit(seconds / 60, "minute"),
        _ if seconds % 3600 / 60 == 0 => unit(seconds / 3600, "hour"),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_units() {
        let told = [0, 1, 59, 60, 2400, 3600, 7260, 86_400].map(span_text);
        let expected = [
            "0 seconds",
            "1 second",
            "59 seconds",
            "1 minute",
            "40 minutes",
            "1 hour",
            "2 h 1 min",
            "24 hours",
        ];
        assert_eq!(told, expected);
    }
}
