//! One acceptance told twice: by the server's own line and by a dump of its messages.
//!
//! Asterisk writes `Added contact` or `Registered SIP` while it answers the REGISTER that
//! `pjsip set logger` or `sip set debug` dump as well. The dump tells more (the SIP-ID with its
//! domain, the User-Agent), so the line is held until its transaction could have been told, and is
//! dropped where it was. What such a pair proves besides, that the server calls this SIP-ID by that
//! name, serves the lines that stand without a dump.

use super::transactions::{LIFE_RECORDS, are_near};
use crate::model::Moment;
use ahash::RandomState;
use std::collections::{HashMap, VecDeque};

/// A registration that a transaction has proven.
#[derive(Debug, Clone)]
struct Told {
    user: Box<[u8]>,
    moment: Option<Moment>,
    record: u64,
}

/// What was proven lately, by what a server's line calls it by.
type Index = HashMap<Box<[u8]>, Vec<Told>, RandomState>;

/// What was proven, to be forgotten in the order of arrival.
#[derive(Debug)]
struct Recent {
    key: Box<[u8]>,
    is_contact: bool,
    moment: Option<Moment>,
    record: u64,
}

/// A user as the server or a message calls it.
type Name = Box<[u8]>;

/// A line of the server that waits.
#[derive(Debug)]
pub(super) struct Pending<T> {
    /// The server's name of the AOR, canonical.
    pub user: Box<[u8]>,
    /// The line names no domain; the user may have been given one since.
    pub is_bare: bool,
    /// URI of the contact; empty where the line names none (`chan_sip`).
    pub contact: Box<[u8]>,
    pub moment: Option<Moment>,
    pub record: u64,
    pub payload: T,
}

/// The lines that wait for their transactions, and the transactions of the last while.
#[derive(Debug)]
pub(super) struct Joins<T> {
    pending: VecDeque<Pending<T>>,
    by_contact: Index,
    by_name: Index,
    recent: VecDeque<Recent>,
    /// SIP-ID by the server's name; `None` where one name stood for two.
    names: HashMap<Name, Option<Name>, RandomState>,
    /// What follows the name in the user of a line that names no domain, in the streams so far: `@` and
    /// the domain that is the default there, or nothing.
    suffixes: Vec<Box<[u8]>>,
    /// A request has been seen: lines wait from here on.
    has_dumps: bool,
    /// A line of the server has been seen, or will be: there is somebody to tell twice, and User-Agents may be wanted.
    has_lines: bool,
}

impl<T> Default for Joins<T> {
    fn default() -> Self {
        Self {
            pending: VecDeque::new(),
            by_contact: HashMap::default(),
            by_name: HashMap::default(),
            recent: VecDeque::new(),
            names: HashMap::default(),
            suffixes: Vec::new(),
            has_dumps: false,
            has_lines: false,
        }
    }
}

impl<T> Joins<T> {
    /// The next stream begins, in which that follows the name of a user who is named without a domain.
    pub fn begin_stream(&mut self, suffix: &[u8]) {
        if !self.suffixes.iter().any(|known| **known == *suffix) {
            self.suffixes.push(suffix.into());
        }
    }

    /// Messages are dumped in this stream.
    pub fn expect(&mut self) {
        self.has_dumps = true;
    }

    /// Lines of the server will come, if none has.
    pub fn expect_lines(&mut self) {
        self.has_lines = true;
    }

    /// A line of the server has come: whether it waits, since it may be told twice.
    pub fn expects_twice(&mut self) -> bool {
        self.has_lines = true;
        self.has_dumps
    }

    /// A line of the server that may be told twice.
    pub fn wait(&mut self, line: Pending<T>) {
        self.pending.push_back(line);
    }

    /// Whether the server writes lines of its own besides its messages, or may do so.
    pub fn has_lines(&self) -> bool {
        self.has_lines
    }

    /// A transaction has proven a registration of these contacts (URIs, a line each).
    pub fn told(&mut self, user: &[u8], contacts: &[u8], moment: Option<Moment>, record: u64) {
        let told = Told { user: user.into(), moment, record };
        for contact in contacts.split(|byte| *byte == b'\n').filter(|contact| !contact.is_empty()) {
            self.by_contact.entry(contact.into()).or_default().push(told.clone());
            self.recent.push_back(Recent { key: contact.into(), is_contact: true, moment, record });
        }
        let name = name_of(user);
        self.by_name.entry(name.into()).or_default().push(told);
        self.recent.push_back(Recent { key: name.into(), is_contact: false, moment, record });
    }

    /// The log has moved on: gives the lines whose time is over to `lone`, unless a transaction
    /// told the same; the number of those that were told so.
    pub fn advance(&mut self, now: Option<Moment>, record: u64, lone: &mut impl FnMut(Pending<T>)) -> u64 {
        let is_over = |begun: Option<Moment>, at: u64| match (begun, now) {
            (Some(begun), Some(now)) => !are_near(begun, now),
            _ => at + LIFE_RECORDS < record,
        };
        let mut joined = 0;
        while self.pending.front().is_some_and(|line| is_over(line.moment, line.record)) {
            joined += self.resolve(lone);
        }
        while let Some(oldest) = self.recent.front() {
            // Twice the time: a line that waits may be that much younger than what told it.
            let is_old = is_over(oldest.moment, oldest.record)
                && self.pending.front().is_none_or(|line| {
                    line.record > oldest.record + LIFE_RECORDS || is_far(line.moment, oldest.moment)
                });
            if !is_old {
                break;
            }
            if let Some(Recent { key, is_contact, record, .. }) = self.recent.pop_front() {
                let index = if is_contact { &mut self.by_contact } else { &mut self.by_name };
                if let Some(list) = index.get_mut(&key) {
                    list.retain(|told| told.record != record);
                    if list.is_empty() {
                        index.remove(&key);
                    }
                }
            }
        }
        joined
    }

    /// One stream is over; what the server calls its users is known in the next one too.
    pub fn end_stream(&mut self, lone: &mut impl FnMut(Pending<T>)) -> u64 {
        let mut joined = 0;
        while !self.pending.is_empty() {
            joined += self.resolve(lone);
        }
        let (names, suffixes) = (std::mem::take(&mut self.names), std::mem::take(&mut self.suffixes));
        *self = Self { names, suffixes, ..Self::default() };
        joined
    }

    /// The SIP-ID that the server calls by that name, where dumps have shown just one.
    pub fn sip_id(&self, name: &[u8]) -> Option<&[u8]> {
        self.names.get(name)?.as_deref()
    }

    /// Notes that the server calls that SIP-ID by that name.
    pub fn know(&mut self, name: Name, sip_id: &[u8]) {
        let known = self.names.entry(name).or_insert_with(|| Some(sip_id.into()));
        if known.as_deref().is_some_and(|known| known != sip_id) {
            *known = None;
        }
    }

    /// Whom lines may name that tell of that SIP-ID by its user alone.
    pub fn bare_users(&self, sip_id: &[u8]) -> impl Iterator<Item = Name> {
        let name = name_of(sip_id);
        self.suffixes.iter().map(move |suffix| [name, suffix].concat().into())
    }

    /// The name by which a line may have named that user, without its domain.
    pub fn bare_name<'u>(&self, user: &'u [u8]) -> Option<&'u [u8]> {
        let name = name_of(user);
        self.suffixes.iter().any(|suffix| **suffix == user[name.len()..]).then_some(name)
    }

    /// Decides on the line that waits longest; 1 where a transaction told the same.
    fn resolve(&mut self, lone: &mut impl FnMut(Pending<T>)) -> u64 {
        let Some(line) = self.pending.pop_front() else { return 0 };
        match self.find(&line) {
            Some(user) => {
                self.know(line.user, &user);
                1
            }
            None => {
                lone(line);
                0
            }
        }
    }

    /// Whose registration the line tells: that of the same contact and name; by contact alone
    /// where only one SIP-ID registered it in that time, since an AOR may have a name of its own.
    fn find(&self, line: &Pending<T>) -> Option<Box<[u8]>> {
        let is_near = |told: &&Told| match (told.moment, line.moment) {
            (Some(one), Some(other)) => are_near(one, other),
            _ => told.record.abs_diff(line.record) <= LIFE_RECORDS,
        };
        let name = name_of(&line.user);
        let is_same_name = |told: &&Told| match line.is_bare {
            true => name_of(&told.user) == name,
            false => told.user == line.user,
        };
        let (index, key) = match line.contact.is_empty() {
            true => (&self.by_name, name),
            false => (&self.by_contact, &line.contact[..]),
        };
        let mut near = index.get(key)?.iter().filter(is_near);
        let first = near.clone().next()?;
        if let Some(told) = near.clone().find(is_same_name) {
            return Some(told.user.clone());
        }
        let is_lone = !line.contact.is_empty() && near.all(|told| told.user == first.user);
        is_lone.then(|| first.user.clone())
    }
}

/// The user part of a SIP-ID, or the whole of a name without a domain.
pub(super) fn name_of(user: &[u8]) -> &[u8] {
    memchr::memrchr(b'@', user).map_or(user, |at| &user[..at])
}

fn is_far(one: Option<Moment>, other: Option<Moment>) -> bool {
    one.zip(other).is_some_and(|(one, other)| !are_near(one, other))
}
