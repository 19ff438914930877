//! Clients, numbered: the text's number in an interner and the few bits that go with it.

use super::Interner;
use crate::model::{AgentId, AgentKey, AgentRef, Hint};

/// Each text has a place for every hint, with and without push source.
const PLACES: usize = 16;
/// No client of that text, hint and source has been seen.
const UNSEEN: u32 = u32::MAX;

/// The distinct clients, each with a number in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Clients {
    /// The texts; number 0 of a place stands for no text, so these begin at 1.
    texts: Interner,
    /// [`PLACES`] numbers for each text, and for no text.
    numbers: Vec<u32>,
    /// Place of each number.
    places: Vec<u32>,
}

impl Clients {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The client's number; it is kept where it is new.
    pub fn intern(&mut self, agent: AgentRef<'_>) -> AgentId {
        let text = agent.text.map_or(0, |text| self.texts.intern(text) as usize + 1);
        let place = text * PLACES + agent.hint as usize * 2 + usize::from(agent.is_push_source);
        if place >= self.numbers.len() {
            self.numbers.resize((text + 1) * PLACES, UNSEEN);
        }
        if self.numbers[place] == UNSEEN {
            self.numbers[place] = self.places.len() as u32;
            self.places.push(u32::try_from(place).expect("fewer than 2^28 distinct User-Agents"));
        }
        AgentId(self.numbers[place])
    }

    /// The client of that number.
    ///
    /// # Panics
    ///
    /// If no client was given that number.
    pub fn get(&self, id: AgentId) -> AgentRef<'_> {
        let place = self.places[id.0 as usize] as usize;
        let text = place / PLACES;
        AgentRef {
            text: (text > 0).then(|| self.texts.get(text as u32 - 1)),
            hint: HINTS[place % PLACES / 2],
            is_push_source: place % 2 == 1,
        }
    }

    /// The clients numbered from there on, owned.
    pub fn since(&self, first: usize) -> impl Iterator<Item = AgentKey> {
        (first..self.len()).map(|number| {
            let agent = self.get(AgentId(number as u32));
            let text = agent.text.map(Into::into);
            AgentKey { text, hint: agent.hint, is_push_source: agent.is_push_source }
        })
    }
}

/// Every hint, at the place of its number.
const HINTS: [Hint; PLACES / 2] = [
    Hint::None,
    Hint::ApplePush,
    Hint::GooglePush,
    Hint::MobilePush,
    Hint::Web,
    Hint::Device,
    Hint::Pbx,
    Hint::Desktop,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_comes_back_as_it_was() {
        let mut clients = Clients::default();
        for (place, hint) in HINTS.into_iter().enumerate() {
            assert_eq!(hint as usize, place);
            for text in [None, Some(&b""[..]), Some(b"Acme/1"), Some(b"Acme/2")] {
                for is_push_source in [false, true] {
                    let agent = AgentRef { text, hint, is_push_source };
                    let id = clients.intern(agent);
                    assert_eq!(clients.get(id), agent);
                    assert_eq!(clients.intern(agent), id);
                }
            }
        }
        assert_eq!(clients.len(), 8 * 4 * 2);
    }
}
