//! `sensitivity.csv`: users whose billing hangs on one choice of the operator.

use super::{Dialect, Sheet};
use crate::model::Flip;
use std::io::{self, Write};

const COLUMNS: [&str; 7] = ["what", "tenant", "cycle", "category", "sip_uri", "billed", "billed_otherwise"];

/// Writes the flips in the order given, each with the name of the choice that it hangs on. `cycle` is the
/// cycle's first day.
///
/// # Errors
///
/// What the writer says.
pub fn write_sensitivity_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    flips: impl IntoIterator<Item = (&'t str, &'t Flip)>,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for (what, flip) in flips {
        sheet.row(|row| {
            row.text(what);
            row.text(&flip.tenant);
            row.value(flip.cycle);
            row.value(flip.category);
            row.sip_uri(flip.sip_id.borrowed());
            row.value(flip.is_billed);
            row.value(!flip.is_billed);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::*;
    use crate::model::{Category, SipId};

    #[test]
    fn a_charge_that_flips_is_a_row() {
        let flip = Flip {
            tenant: "acme".to_owned(),
            cycle: jiff::civil::date(2026, 10, 1),
            category: Category::Desktop,
            sip_id: SipId::from_canonical(b"+420123@a.example"),
            is_billed: true,
        };
        let csv = written(|out| write_sensitivity_csv(out, Dialect::Machine, [("zone_utc", &flip)]));
        assert_eq!(
            csv,
            "what,tenant,cycle,category,sip_uri,billed,billed_otherwise\n\
             zone_utc,acme,2026-10-01,desktop,sip:+420123@a.example,true,false\n"
        );
    }
}
