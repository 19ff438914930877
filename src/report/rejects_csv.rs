//! `rejects.csv`: the records that look like evidence and cannot be used.

use super::{Dialect, Places, Sheet};
use crate::model::Reject;
use std::io::{self, Write};

/// Writes the rejected records in the order given.
///
/// # Errors
///
/// What the writer says.
pub fn write_rejects_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    rejects: impl IntoIterator<Item = &'t Reject>,
    places: &dyn Places,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &["file", "offset", "reason", "source"]);
    for reject in rejects {
        sheet.row(|row| {
            row.text(places.input(reject.spot));
            row.value(reject.spot.offset);
            row.value(reject.reason);
            row.text(&reject.source);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, written};
    use super::*;
    use crate::model::{RejectReason, Spot};

    #[test]
    fn a_rejected_record_has_its_place_and_reason() {
        let reject = Reject {
            spot: Spot { input: 1, offset: 512 },
            reason: RejectReason::Ambiguous,
            source: "asterisk-security".to_owned(),
        };
        let csv = written(|out| write_rejects_csv(out, Dialect::Machine, [&reject], &Logs));
        assert_eq!(csv, "file,offset,reason,source\npbx1/full,512,ambiguous,asterisk-security\n");
    }
}
