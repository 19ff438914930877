//! What an earlier bill said of each tenant: read back from its `invoice.json` files, so that a report
//! can stand beside it.

use super::invoice_json::SCHEMA;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// One cycle of an earlier bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub first_day: Date,
    /// The first day after it.
    pub end_day: Date,
    pub tenants: BTreeMap<String, EarlierTenant>,
    /// BLAKE3 of the invoices, one behind the other in the order of their tenants.
    pub digest: blake3::Hash,
}

/// What one invoice came to. What a correction changed later is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTenant {
    /// Charges for users, of all categories.
    pub users: u64,
    pub total: Decimal,
    pub currency: String,
}

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub enum EarlierError {
    #[error("{}: {cause}", path.display())]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{}: {fact}", path.display())]
    Foreign { path: PathBuf, fact: String },
    #[error("{}: holds no cycle that ends by {until}; give what `siptally bill --out` wrote for an earlier cycle", path.display())]
    Nothing { path: PathBuf, until: Date },
}

/// The keys of an invoice that are compared.
#[derive(Deserialize)]
struct Invoice {
    schema: u32,
    tenant: String,
    #[serde(deserialize_with = "parsed")]
    cycle_start: Date,
    #[serde(deserialize_with = "parsed")]
    cycle_end: Date,
    currency: String,
    #[serde(deserialize_with = "parsed")]
    total: Decimal,
    usage: BTreeMap<String, Usage>,
}

#[derive(Deserialize)]
struct Usage {
    users: u64,
}

/// A value that stands in a string: amounts are never numbers.
fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

impl Earlier {
    /// The latest cycle that ends by that day, in what `bill --out` wrote or in one of its cycles' folders.
    ///
    /// # Errors
    ///
    /// No such cycle, or an invoice that cannot be read as one.
    pub fn read(folder: &Path, until: Date) -> Result<Self, EarlierError> {
        let mut cycles: BTreeMap<Date, Vec<(Invoice, Vec<u8>)>> = BTreeMap::new();
        let below = folders(folder)?;
        let deeper = below.iter().map(|folder| folders(folder)).collect::<Result<Vec<_>, _>>()?;
        for tenant in below.iter().chain(deeper.iter().flatten()) {
            if let Some((invoice, bytes)) = invoice(&tenant.join("invoice.json"))?
                && invoice.cycle_end <= until
            {
                cycles.entry(invoice.cycle_start).or_default().push((invoice, bytes));
            }
        }
        let Some((first_day, mut invoices)) = cycles.pop_last() else {
            return Err(EarlierError::Nothing { path: folder.to_owned(), until });
        };
        invoices.sort_by(|one, other| one.0.tenant.cmp(&other.0.tenant));
        let mut hasher = blake3::Hasher::new();
        invoices.iter().for_each(|(_, bytes)| {
            hasher.update(bytes);
        });
        let end_day = invoices[0].0.cycle_end;
        let tenant = |(invoice, _): (Invoice, Vec<u8>)| {
            let users = invoice.usage.values().map(|usage| usage.users).sum();
            (invoice.tenant, EarlierTenant { users, total: invoice.total, currency: invoice.currency })
        };
        let tenants = invoices.into_iter().map(tenant).collect();
        Ok(Self { first_day, end_day, tenants, digest: hasher.finalize() })
    }
}

/// The invoice in that file; `None` where there is no such file.
fn invoice(path: &Path) -> Result<Option<(Invoice, Vec<u8>)>, EarlierError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(EarlierError::Io { path: path.to_owned(), cause }),
    };
    let foreign = |fact| EarlierError::Foreign { path: path.to_owned(), fact };
    let invoice: Invoice = serde_json::from_slice(&bytes)
        .map_err(|error| foreign(format!("is no invoice of siptally's: {error}")))?;
    if invoice.schema != SCHEMA {
        return Err(foreign(format!("has schema {}, and this version reads {SCHEMA}", invoice.schema)));
    }
    Ok(Some((invoice, bytes)))
}

fn folders(inside: &Path) -> Result<Vec<PathBuf>, EarlierError> {
    let entries =
        fs::read_dir(inside).map_err(|cause| EarlierError::Io { path: inside.to_owned(), cause })?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, cycle: (&str, &str), tenant: &str, total: &str) {
        let folder = folder.join(cycle.0).join(tenant);
        fs::create_dir_all(&folder).unwrap();
        let (start, end) = cycle;
        let text = format!(
            r#"{{"schema":1,"tenant":"{tenant}","cycle_start":"{start}","cycle_end":"{end}","currency":"EUR",
                "total":"{total}","usage":{{"generic":{{"users":3}},"desktop":{{"users":2}}}},"new":1}}"#
        );
        fs::write(folder.join("invoice.json"), text).unwrap();
    }

    const FIRST: (&str, &str) = ("2026-10-01", "2026-10-31");
    const SECOND: (&str, &str) = ("2026-10-31", "2026-11-30");

    #[test]
    fn the_latest_cycle_before_is_taken() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), FIRST, "acme", "10.00");
        write(out.path(), SECOND, "acme", "12.00");
        write(out.path(), SECOND, "beta", "5.00");
        let read = |folder: &Path, until: &str| Earlier::read(folder, until.parse().unwrap());
        let earlier = read(out.path(), "2026-11-30").unwrap();
        assert_eq!(earlier.first_day.to_string(), "2026-10-31");
        let totals = earlier.tenants.iter().map(|(name, it)| format!("{name} {} {}", it.users, it.total));
        assert_eq!(totals.collect::<Vec<_>>(), ["acme 5 12.00", "beta 5 5.00"]);
        assert_eq!(read(out.path(), "2026-11-29").unwrap().tenants.len(), 1);
        assert_eq!(read(&out.path().join("2026-10-31"), "2027-01-01").unwrap(), earlier);
        let nothing = read(out.path(), "2026-10-30").unwrap_err().to_string();
        assert!(nothing.contains("holds no cycle that ends by 2026-10-30"), "{nothing}");
    }

    #[test]
    fn what_is_no_invoice_of_ours_is_refused() {
        let out = tempfile::tempdir().unwrap();
        write(out.path(), FIRST, "acme", "10.00");
        let path = out.path().join("2026-10-01/acme/invoice.json");
        let text = fs::read_to_string(&path).unwrap();
        for (bytes, said) in [
            (text.replace("\"schema\":1", "\"schema\":2"), "has schema 2, and this version reads 1"),
            (text.replace("10.00", "ten"), "is no invoice of siptally's"),
            ("{".to_owned(), "is no invoice of siptally's"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = Earlier::read(out.path(), "2026-12-01".parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains("invoice.json: ") && error.contains(said), "{error}");
        }
    }
}
