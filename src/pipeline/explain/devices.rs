//! The devices of a user, told apart by what their records name.

use crate::formats::contact;
use crate::model::{Device, DeviceName, Standing, StoryEvent};
use crate::pipeline::collect::Trace;
use memchr::memmem;
use std::collections::HashMap;

/// The devices noted so far.
#[derive(Default)]
pub(super) struct Devices {
    devices: Vec<Device>,
    places: HashMap<DeviceName, usize>,
    /// Instances by the addresses that they had; the server's own lines name those alone.
    instances: HashMap<Vec<u8>, Vec<u8>>,
}

impl Devices {
    /// No devices yet, of a user with these records.
    pub fn of(traces: &[&Trace]) -> Self {
        let both = |trace: &&Trace| Some((address(&trace.contact)?, instance(&trace.contact)?.to_vec()));
        Self { instances: traces.iter().filter_map(both).collect(), ..Self::default() }
    }

    /// Notes one event, and gives the place of its device; `None` where nothing but an address tells
    /// of one, and neither a registration nor a User-Agent makes it more than that.
    pub fn note(&mut self, event: &StoryEvent) -> Option<usize> {
        let is_client = event.verdict.is_some() || event.counted() == Some(Standing::Accepted);
        let name = match self.name(&event.contact) {
            Some(name) => name,
            None if !is_client => return None,
            None if !event.source_ip.is_empty() => DeviceName::Source(event.source_ip.clone()),
            None => self.by_agent(event).unwrap_or(DeviceName::Nameless),
        };
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            self.devices.push(Device {
                name,
                agents: Vec::new(),
                first: None,
                last: None,
                registrations: 0,
                refusals: 0,
            });
            self.devices.len() - 1
        });
        let device = &mut self.devices[place];
        if let Some(moment) = event.moment {
            device.first = Some(device.first.map_or(moment, |first| first.min(moment)));
            device.last = device.last.max(Some(moment));
        }
        device.registrations += u64::from(event.counted() == Some(Standing::Accepted));
        device.refusals += u64::from(event.counted() == Some(Standing::Refused) && !event.is_challenged());
        if let Some(verdict) = &event.verdict
            && !device.agents.iter().any(|(agent, it)| *agent == event.agent && it == verdict)
        {
            device.agents.push((event.agent.clone(), verdict.clone()));
        }
        Some(place)
    }

    /// The one device that said the same of itself.
    fn by_agent(&self, event: &StoryEvent) -> Option<DeviceName> {
        let agent = event.agent.as_ref()?;
        let is_same = |device: &&Device| device.agents.iter().any(|(known, _)| known.as_ref() == Some(agent));
        let mut same = self.devices.iter().filter(is_same);
        same.next().filter(|_| same.next().is_none()).map(|device| device.name.clone())
    }

    fn name(&self, contact: &[u8]) -> Option<DeviceName> {
        if let Some(instance) = instance(contact) {
            return Some(DeviceName::Instance(instance.to_vec()));
        }
        let address = address(contact)?;
        Some(match self.instances.get(&address) {
            Some(instance) => DeviceName::Instance(instance.clone()),
            None => DeviceName::Contact(address),
        })
    }

    /// The device that had the contact.
    pub fn of_contact(&self, contact: &[u8]) -> Option<usize> {
        self.places.get(&self.name(contact)?).copied()
    }

    /// In the order in which they were noted.
    pub fn finish(self) -> Vec<Device> {
        self.devices
    }
}

/// The instance identifier in a Contact header, without quotes and brackets.
fn instance(contact: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"+sip.instance=";
    let at = memmem::find(contact, NAME)? + NAME.len();
    let is_opener = |byte: &u8| matches!(byte, b'"' | b'\\' | b'<');
    let text = &contact[at..];
    let text = &text[text.iter().take_while(|byte| is_opener(byte)).count()..];
    let end = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'>' | b';' | b',' | b' '));
    Some(&text[..end.unwrap_or(text.len())]).filter(|text| !text.is_empty())
}

/// User and host of the first Contact's URI, without scheme, port and parameters.
fn address(contact: &[u8]) -> Option<Vec<u8>> {
    let mut uris = Vec::new();
    contact::uris(contact, &mut uris);
    let uri = uris.split(|byte| *byte == b'\n').next().filter(|uri| !uri.is_empty() && *uri != b"*")?;
    let uri = match memchr::memchr(b':', uri) {
        Some(at) if matches!(&uri[..at], b"sip" | b"sips" | b"SIP" | b"SIPS") => &uri[at + 1..],
        _ => uri,
    };
    let uri = &uri[..uri.iter().position(|byte| matches!(byte, b';' | b'?')).unwrap_or(uri.len())];
    let host = memchr::memrchr(b'@', uri).map_or(0, |at| at + 1);
    let end = match uri.get(host) {
        Some(b'[') => memchr::memchr(b']', &uri[host..]).map_or(uri.len(), |at| host + at + 1),
        _ => memchr::memchr(b':', &uri[host..]).map_or(uri.len(), |at| host + at),
    };
    Some(uri[..end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: Option<impl AsRef<[u8]>>) -> Option<String> {
        text.map(|text| String::from_utf8(text.as_ref().to_vec()).unwrap())
    }

    #[test]
    fn an_address_has_neither_port_nor_parameters() {
        for (contact, expected) in [
            ("<sip:a@192.0.2.10:5060;ob>;expires=3600", "a@192.0.2.10"),
            ("\"x\" <sips:a@[2001:db8::1]:5061>", "a@[2001:db8::1]"),
            ("sip:192.0.2.10:5060", "192.0.2.10"),
            ("sip:a@h.invalid;transport=ws", "a@h.invalid"),
        ] {
            assert_eq!(shown(address(contact.as_bytes())).as_deref(), Some(expected), "{contact}");
        }
        assert_eq!(address(b"*"), None);
        assert_eq!(address(b""), None);
    }

    #[test]
    fn an_instance_is_read_in_quotes_escaped_quotes_and_without() {
        for contact in [
            "<sip:a@x>;+sip.instance=\"<urn:uuid:1-2>\";reg-id=1",
            "<sip:a@x>;+sip.instance=\\\"<urn:uuid:1-2>\\\"",
            "<sip:a@x>;+sip.instance=urn:uuid:1-2;ob",
        ] {
            assert_eq!(shown(instance(contact.as_bytes())).as_deref(), Some("urn:uuid:1-2"), "{contact}");
        }
        assert_eq!(instance(b"<sip:a@x>;+sip.instance=\"\""), None);
    }
}
