//! Small values that several snapshots of this room share.

use super::{BookFacts, FileDigest, HostHours, InvoiceContent, Places};
use crate::model::{
    AuditedUser, BilledUser, Category, CategoryUsage, Correction, CorrectionLine, Currency, Customer, Cycle,
    Decision, EvidenceKind, Figures, FinalMark, Invoice, InvoiceLine, Letterhead, LineKind, Moment, Money,
    Platform, Rounding, SipIdRef, Spot, Usage, UserNote, Window,
};

pub const OCTOBER_5: Moment = Moment::from_seconds(1_791_209_002);

pub fn cycle() -> Cycle {
    let start = Moment::from_seconds(1_790_805_600);
    Cycle {
        number: 0,
        window: Window { start, end: start.plus_seconds(30 * 86_400) },
        first_day: jiff::civil::date(2026, 10, 1),
        end_day: jiff::civil::date(2026, 10, 31),
        full_days: 30,
    }
}

pub fn sip_id(text: &str) -> SipIdRef<'_> {
    SipIdRef::from_canonical(text.as_bytes())
}

pub fn euro(text: &str) -> Money {
    Money::round(text.parse().unwrap(), Currency::from_code("EUR").unwrap(), Rounding::HalfUp)
}

/// Two inputs and two side files.
pub struct Logs;

impl Places for Logs {
    fn input(&self, spot: Spot) -> &str {
        ["edge1/kamailio.log", "pbx1/full"][spot.input as usize]
    }

    fn side_file(&self, category: Category) -> &str {
        if category == Category::Conferencing { "hosts.csv" } else { "messaging.csv" }
    }
}

pub fn billed(category: Category, sip_id_text: &str) -> BilledUser<'_> {
    BilledUser {
        category,
        sip_id: sip_id(sip_id_text),
        platforms: [Platform::Ios, Platform::Android].into_iter().collect(),
        push_only: false,
        first_seen: Some(OCTOBER_5),
        last_seen: Some(OCTOBER_5.plus_seconds(86_400)),
        active_days: 2,
        days: 0b11,
        registrations: 40,
        user_agents: vec![b"Acme Phone/1.0", b"Acme Phone/1.1"],
        evidence: EvidenceKind::Line,
        spot: Some(Spot { input: 0, offset: 4096 }),
        side_file_line: None,
    }
}

/// The same with what stands around it; `hostile` is the text of all that strangers and operators wrote.
pub fn with_content<T>(invoice: &Invoice, hostile: &str, look: impl FnOnce(&InvoiceContent<'_>) -> T) -> T {
    let mut figures = Figures::default();
    let row = billed(Category::Generic, "1001@a.example");
    figures.add(&Decision { billed: vec![row], unbilled: Vec::new() });
    let span = |from: i64, until: i64| Window {
        start: cycle().window.start.plus_seconds(from * 3_600),
        end: cycle().window.start.plus_seconds(until * 3_600),
    };
    look(&InvoiceContent {
        invoice,
        letterhead: &Letterhead {
            name: format!("Siptel{hostile}"),
            address: vec![format!("1 Main Street{hostile}")],
            due_days: Some(14),
            ..Letterhead::default()
        },
        customer: &Customer { name: format!("Acme{hostile}"), ..Customer::default() },
        figures: &figures,
        hosts: &[HostHours { host: format!("edge1{hostile}"), heard: vec![span(0, 30), span(34, 720)] }],
        end_of_logs: None,
        book: &BookFacts { file: format!("book{hostile}.toml"), digest: "blake3:b00c".to_owned() },
        inputs: &[FileDigest {
            file: format!("edge1/kamailio{hostile}.log"),
            digest: "blake3:106".to_owned(),
        }],
    })
}

pub fn invoice(tenant: &str) -> Invoice {
    let line =
        |line, kind, category, description: &str, quantity, unit_price: Option<&str>, amount| InvoiceLine {
            line,
            kind,
            category,
            description: description.to_owned(),
            quantity,
            unit_price: unit_price.map(|price| price.parse().unwrap()),
            amount: euro(amount),
        };
    let generic = Some(Category::Generic);
    Invoice {
        id: format!("{tenant}-2026-10-01"),
        tenant: tenant.to_owned(),
        cycle: cycle(),
        is_partial: false,
        usage: Usage {
            generic: CategoryUsage { users: 1204, push_only: 12, sustained_open: 3, sustained_closed: 0 },
            messaging: CategoryUsage { users: 40, ..CategoryUsage::default() },
            ..Usage::default()
        },
        lines: vec![
            line(1, LineKind::Feature, None, "push-notifications", 1, Some("120.00"), "120.00"),
            line(2, LineKind::Charge, generic, "Generic users, 1 to 1204", 1204, Some("0.900"), "1083.60"),
            line(3, LineKind::Discount, generic, "10 % discount", 1, None, "-108.36"),
            line(4, LineKind::Tax, None, "VAT 21 %", 1, None, "230.00"),
        ],
        net: euro("1095.24"),
        tax: euro("230.00"),
        total: euro("1325.24"),
        carried_forward: euro("0"),
        notes: vec![UserNote {
            category: Category::Generic,
            kind: "push_only",
            users: 12,
            amount: euro("9.72"),
        }],
        warnings: vec!["the set-up fee has no date; it is not charged".to_owned()],
        final_mark: None,
    }
}

pub fn correction() -> Correction {
    let line =
        |line, kind: &str, category: Option<&str>, description: &str, quantity, amount| CorrectionLine {
            line,
            kind: kind.to_owned(),
            category: category.map(str::to_owned),
            description: description.to_owned(),
            quantity,
            amount: euro(amount),
        };
    Correction {
        id: "acme-2026-10-01-correction-4".to_owned(),
        tenant: "acme".to_owned(),
        cycle: cycle(),
        corrects: vec!["INV-1".to_owned()],
        lines: vec![
            line(1, "charge", Some("generic"), "generic users, 1202 in place of 1204", -2, "-1.80"),
            line(2, "tax", None, "VAT 21 %", 0, "-0.38"),
        ],
        net: euro("-1.80"),
        tax: euro("-0.38"),
        total: euro("-2.18"),
        carried_forward: euro("0"),
        final_mark: FinalMark { number: "INV-4".to_owned(), head_digest: "blake3:00".to_owned() },
    }
}

/// The text of what a writer wrote, without what a snapshot cannot show: byte order mark and CR.
pub fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap().trim_start_matches('\u{FEFF}').replace("\r\n", "\n")
}

pub fn audited(sip_id_text: &str) -> AuditedUser<'_> {
    AuditedUser {
        sip_id: sip_id(sip_id_text),
        platforms: [Platform::Ios, Platform::Macos].into_iter().collect(),
        user_agents: vec![b"Acme Phone/1.0", b"Acme Phone/1.1"],
        registrations: 40,
        sustained: 0,
        first_seen: Some(OCTOBER_5),
        last_seen: Some(Moment::from_micros(OCTOBER_5.micros() + 118_000)),
        active_days: 1,
        refused: Some(2),
        deregistered: 1,
        is_generic: true,
        is_desktop: true,
    }
}
