//! Days that would be charged twice: a cycle that lies over another one which is final.

use super::EntryKind;
use crate::ledger::Ledger;
use crate::model::Cycle;

/// What to do about it.
pub const OVERLAP_REMEDY: &str = "a day becomes final once for a tenant; keep `anchor` and `length` in [cycle] as they \
    were for what is final, and let a [[cycle.restart]] begin the new calendar behind it";

/// One sentence for each tenant's cycle that shares a day with another cycle which is final for the tenant. The same
/// cycle again is no other one.
pub fn overlaps<'w>(ledger: &Ledger, wanted: impl Iterator<Item = (&'w str, &'w Cycle)>) -> Vec<String> {
    let of = |(tenant, cycle): (&str, &Cycle)| {
        let (start, end) = (cycle.first_day.to_string(), cycle.end_day.to_string());
        let invoices = ledger.entries().iter().map(|sealed| &sealed.entry);
        // Dates as the ledger writes them are in the order of their texts.
        let other = invoices
            .filter(|entry| entry.kind == EntryKind::Invoice && entry.tenant == tenant)
            .filter(|entry| entry.cycle_start < end && start < entry.cycle_end)
            .find(|entry| (&entry.cycle_start, &entry.cycle_end) != (&start, &end))?;
        Some(format!(
            "{tenant}: the cycle of {start} to {end} overlaps that of {} to {}, which is final as {}",
            other.cycle_start, other.cycle_end, other.invoice_number
        ))
    };
    wanted.filter_map(of).collect()
}
