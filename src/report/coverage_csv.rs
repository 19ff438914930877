//! `coverage.csv`: when each host was heard from.

use super::{Dialect, Sheet};
use crate::model::Window;
use std::io::{self, Write};

/// Writes spans in the order given: host, first instant, and first instant after, in UTC.
///
/// # Errors
///
/// What the writer says.
pub fn write_coverage_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    spans: impl IntoIterator<Item = (&'t [u8], Window)>,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &["host", "from", "until"]);
    for (host, span) in spans {
        sheet.row(|row| {
            row.log_text(host);
            row.value(span.start);
            row.value(span.end);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::*;
    use crate::model::Moment;

    #[test]
    fn a_span_ends_with_the_first_instant_after_it() {
        let span = Window { start: Moment::from_seconds(0), end: Moment::from_seconds(3_600) };
        let csv = written(|out| write_coverage_csv(out, Dialect::Machine, [(&b"edge1"[..], span)]));
        assert_eq!(csv, "host,from,until\nedge1,1970-01-01T00:00:00Z,1970-01-01T01:00:00Z\n");
    }
}
