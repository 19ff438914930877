//! The made-up users and their devices. Everything about them follows from their number and the seed.

use super::agents::{Agent, Agents};
use super::dice::draw;
use super::shuffle::Shuffle;
use super::text::{address, decimal, digits, hex};
use crate::model::Platform;
use std::fmt;

/// What a number is drawn for.
mod purpose {
    pub(super) const AGENTS: u64 = 1;
    pub(super) const NUMBERS: u64 = 2;
    pub(super) const NAME: u64 = 3;
    pub(super) const AGENT: u64 = 4;
    pub(super) const PLACE: u64 = 5;
    pub(super) const CALL: u64 = 6;
}

/// Telephone numbers there are, of nine digits each that begin with no 0.
const NUMBERS: u64 = 900_000_000;
const LOWEST_NUMBER: u64 = 100_000_000;

const FIRST: [&str; 16] = [
    "jan", "eva", "petr", "anna", "tomas", "lucie", "pavel", "marie", "john", "alice", "bob", "carol",
    "dave", "erin", "frank", "grace",
];
const LAST: [&str; 16] = [
    "novak", "svoboda", "dvorak", "cerny", "kral", "vesely", "horak", "nemec", "doe", "smith", "jones",
    "brown", "miller", "davis", "wilson", "moore",
];

/// The users and devices of one log.
///
/// Every user has one device, four in ten a second and one in ten a third: one and a half on average.
/// Devices are numbered through, the first ones first.
pub(super) struct People {
    seed: u64,
    users: u64,
    domains: Vec<String>,
    agents: Agents,
    numbers: Shuffle,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("seed", &self.seed).field("users", &self.users).finish_non_exhaustive()
    }
}

/// One device, as a server sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device<'p> {
    pub user: u64,
    pub agent: &'p Agent,
    /// Number of its address.
    pub address: u32,
    pub port: u16,
    pub call: u64,
    /// Whether its user has no other.
    pub is_only_one: bool,
    /// Whether its Contact names a push service.
    pub has_push: bool,
}

impl People {
    pub(super) fn new(seed: u64, users: u64, domains: &[String]) -> Self {
        Self {
            seed,
            users,
            domains: domains.to_vec(),
            agents: Agents::new(draw(seed, purpose::AGENTS, 0)),
            numbers: Shuffle::new(draw(seed, purpose::NUMBERS, 0), NUMBERS),
        }
    }

    pub(super) const fn users(&self) -> u64 {
        self.users
    }

    const fn second_devices(&self) -> u64 {
        self.users * 4 / 10
    }

    pub(super) const fn devices(&self) -> u64 {
        self.users + self.second_devices() + self.users / 10
    }

    /// The numbers of a user's devices, the first device first.
    pub(super) fn devices_of(&self, user: u64) -> impl Iterator<Item = u64> + use<> {
        let second = (user < self.second_devices()).then_some(self.users + user);
        let third = (user < self.users / 10).then_some(self.users + self.second_devices() + user);
        [Some(user), second, third].into_iter().flatten()
    }

    pub(super) fn device(&self, number: u64) -> Device<'_> {
        let user = match number.checked_sub(self.users) {
            None => number,
            Some(more) => more.checked_sub(self.second_devices()).unwrap_or(more),
        };
        let place = draw(self.seed, purpose::PLACE, number);
        let agent = self.agents.of(draw(self.seed, purpose::AGENT, number));
        let is_phone = matches!(agent.platform, Platform::Ios | Platform::Android);
        Device {
            user,
            agent,
            address: place as u32,
            port: 1024 + (place >> 32) as u16 % 60_000,
            call: draw(self.seed, purpose::CALL, number),
            is_only_one: user >= self.second_devices(),
            has_push: is_phone && (place >> 48).is_multiple_of(16),
        }
    }

    /// Writes the user part of a SIP-ID: a telephone number, or of every fifth user a name.
    pub(super) fn name(&self, out: &mut Vec<u8>, user: u64) {
        if user % 5 == 4 {
            let name = draw(self.seed, purpose::NAME, user);
            out.extend_from_slice(FIRST[(name % 16) as usize].as_bytes());
            out.push(b'.');
            out.extend_from_slice(LAST[(name / 16 % 16) as usize].as_bytes());
            // The number of the user keeps the namesakes apart.
            decimal(out, user);
        } else {
            out.extend_from_slice(b"+420");
            digits::<9>(out, LOWEST_NUMBER + self.numbers.at(user));
        }
    }

    pub(super) fn domain(&self, user: u64) -> &str {
        &self.domains[(user % self.domains.len() as u64) as usize]
    }

    /// Writes `user@domain`.
    pub(super) fn sip_id(&self, out: &mut Vec<u8>, user: u64) {
        self.name(out, user);
        out.push(b'@');
        out.extend_from_slice(self.domain(user).as_bytes());
    }
}

impl Device<'_> {
    /// Writes the URI of the Contact, without brackets.
    pub(super) fn contact(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"sip:");
        hex::<4>(out, self.call.rotate_left(23));
        out.push(b'@');
        self.address_and_port(out);
        if self.has_push {
            let provider = if self.agent.platform == Platform::Ios { "apns" } else { "fcm" };
            out.extend_from_slice(b";pn-provider=");
            out.extend_from_slice(provider.as_bytes());
            out.extend_from_slice(b";pn-prid=");
            hex::<12>(out, self.call.rotate_left(7));
        }
    }

    pub(super) fn address(&self, out: &mut Vec<u8>) {
        address(out, self.address);
    }

    pub(super) fn address_and_port(&self, out: &mut Vec<u8>) {
        self.address(out);
        out.push(b':');
        decimal(out, self.port.into());
    }

    pub(super) fn call_id(&self, out: &mut Vec<u8>) {
        hex::<12>(out, self.call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn people(users: u64) -> People {
        People::new(7, users, &["a.example".to_owned(), "b.example".to_owned()])
    }

    #[test]
    fn no_two_users_have_one_sip_id() {
        let people = people(5000);
        let ids: HashSet<Vec<u8>> = (0..5000)
            .map(|user| {
                let mut id = Vec::new();
                people.sip_id(&mut id, user);
                id.to_ascii_lowercase()
            })
            .collect();
        assert_eq!(ids.len(), 5000);
    }

    #[test]
    fn every_device_is_its_users() {
        let people = people(37);
        let mut seen = 0;
        for user in 0..37 {
            for device in people.devices_of(user) {
                assert_eq!(people.device(device).user, user);
                seen += 1;
            }
        }
        assert_eq!(seen, people.devices());
        assert_eq!(people.devices(), 37 + 14 + 3);
    }
}
