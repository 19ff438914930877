//! Quantities of a bill, counted stretch by stretch.

use crate::model::{BilledUser, Category, Decision, EvidenceKind, Figures, Reason, Usage};
use std::collections::BTreeMap;

/// What a stretch of users adds to the bills.
pub(super) struct Counts {
    /// By the tenants' numbers.
    pub usage: Vec<Usage>,
    /// The same; none where nobody was billed.
    pub figures: Vec<Option<Box<Figures>>>,
    pub unbilled: BTreeMap<Reason, u64>,
}

impl Counts {
    pub fn new(tenants: usize) -> Self {
        let figures = (0..tenants).map(|_| None).collect();
        Self { usage: vec![Usage::default(); tenants], figures, unbilled: BTreeMap::new() }
    }

    pub fn add(&mut self, tenant: Option<usize>, decision: &Decision<'_>) {
        if !decision.billed.is_empty() {
            let tenant = tenant.expect("nobody is billed whom no tenant claims");
            decision.billed.iter().for_each(|user| note_usage(&mut self.usage[tenant], user));
            self.figures[tenant].get_or_insert_default().add(decision);
        }
        for user in &decision.unbilled {
            *self.unbilled.entry(user.reason).or_default() += 1;
        }
    }

    pub fn join(&mut self, other: &Self) {
        for (usage, more) in self.usage.iter_mut().zip(&other.usage) {
            for category in Category::ALL {
                let (sum, more) = (usage.of_mut(category), more.of(category));
                sum.users += more.users;
                sum.push_only += more.push_only;
                sum.sustained_open += more.sustained_open;
                sum.sustained_closed += more.sustained_closed;
            }
        }
        for (figures, more) in self.figures.iter_mut().zip(&other.figures) {
            if let Some(more) = more {
                figures.get_or_insert_default().join(more);
            }
        }
        for (reason, users) in &other.unbilled {
            *self.unbilled.entry(*reason).or_default() += users;
        }
    }
}

fn note_usage(usage: &mut Usage, user: &BilledUser<'_>) {
    let usage = usage.of_mut(user.category);
    usage.users += 1;
    usage.push_only += u64::from(user.push_only);
    usage.sustained_open += u64::from(user.evidence == EvidenceKind::SustainedOpen);
    usage.sustained_closed += u64::from(user.evidence == EvidenceKind::SustainedClosed);
}
