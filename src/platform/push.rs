//! The addresses that the operator named as push servers.

use std::net::IpAddr;

/// Networks from which push servers register, IPv4 and IPv6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushSources {
    networks: Vec<Network>,
}

/// A network, its host bits cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl PushSources {
    /// Reads addresses (`192.0.2.7`, `2001:db8::7`) and networks (`192.0.2.0/24`). Host bits of a
    /// network are ignored.
    ///
    /// # Errors
    ///
    /// A text that is neither, quoted in the message.
    pub fn new(texts: &[String]) -> Result<Self, String> {
        let networks = texts
            .iter()
            .map(|text| {
                Network::parse(text).ok_or_else(|| {
                    format!(
                        "`{}` is neither an address nor a network such as 192.0.2.0/24",
                        text.escape_debug()
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }

    /// Whether the address, as a log writes it (IPv6 also in brackets), lies in one of the
    /// networks. Text that is no address does not.
    #[inline]
    pub fn contains(&self, ip: &[u8]) -> bool {
        // Asked once per line, and most operators run no push server.
        !self.networks.is_empty() && self.has(ip)
    }

    fn has(&self, ip: &[u8]) -> bool {
        let Some(address) = address(ip) else { return false };
        self.networks.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (base, length) = match text.split_once('/') {
            None => (text, None),
            Some((base, digits)) => {
                let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                (base, Some(digits.parse::<u32>().ok().filter(|_| is_number)?))
            }
        };
        // No folding of mapped addresses here: `::ffff:192.0.2.0/120` counts its bits in IPv6.
        match (base.parse::<IpAddr>().ok()?, length) {
            (IpAddr::V6(base), None) if base.to_ipv4_mapped().is_some() => {
                Self::parse(&base.to_canonical().to_string())
            }
            (IpAddr::V4(base), length) => {
                let length = length.unwrap_or(32);
                let free = 32_u32.checked_sub(length)?;
                let mask = u32::MAX.checked_shl(free).unwrap_or(0);
                Some(Self::V4 { bits: base.to_bits() & mask, mask })
            }
            (IpAddr::V6(base), length) => {
                let length = length.unwrap_or(128);
                let free = 128_u32.checked_sub(length)?;
                let mask = u128::MAX.checked_shl(free).unwrap_or(0);
                Some(Self::V6 { bits: base.to_bits() & mask, mask })
            }
        }
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == bits,
            (Self::V6 { bits, mask }, IpAddr::V6(address)) => address.to_bits() & mask == bits,
            // A socket that listens on both families shows IPv4 peers as `::ffff:192.0.2.7`.
            (Self::V6 { bits, mask }, IpAddr::V4(address)) => {
                address.to_ipv6_mapped().to_bits() & mask == bits && mask != 0
            }
            (Self::V4 { .. }, IpAddr::V6(_)) => false,
        }
    }
}

fn address(ip: &[u8]) -> Option<IpAddr> {
    let bare = ip.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(ip);
    let address: IpAddr = std::str::from_utf8(bare).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources(texts: &[&str]) -> PushSources {
        PushSources::new(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_network_holds_its_first_and_last_address_and_no_neighbour() {
        let push = sources(&["192.0.2.64/26"]);
        assert!(push.contains(b"192.0.2.64") && push.contains(b"192.0.2.127"));
        assert!(!push.contains(b"192.0.2.63") && !push.contains(b"192.0.2.128"));
    }

    #[test]
    fn a_bare_address_is_itself_alone() {
        let push = sources(&["192.0.2.7", "2001:db8::7"]);
        assert!(push.contains(b"192.0.2.7") && push.contains(b"2001:db8::7"));
        assert!(!push.contains(b"192.0.2.8") && !push.contains(b"2001:db8::8"));
    }

    #[test]
    fn an_ipv6_address_may_stand_in_brackets() {
        assert!(sources(&["2001:db8::/32"]).contains(b"[2001:db8:1::5]"));
    }

    #[test]
    fn an_ipv4_peer_of_a_dual_socket_is_the_ipv4_address() {
        assert!(sources(&["192.0.2.0/24"]).contains(b"::ffff:192.0.2.9"));
        assert!(sources(&["::ffff:192.0.2.9"]).contains(b"192.0.2.9"));
    }

    #[test]
    fn a_prefix_of_zero_is_every_address_of_its_family() {
        let push = sources(&["0.0.0.0/0"]);
        assert!(push.contains(b"203.0.113.9") && !push.contains(b"2001:db8::1"));
        assert!(!sources(&["::/0"]).contains(b"203.0.113.9"));
    }

    #[test]
    fn what_is_no_network_is_quoted() {
        for bad in
            ["192.0.2.0/33", "2001:db8::/129", "192.0.2", "push.example.com", "192.0.2.0/+8", "192.0.2.0/"]
        {
            let error = PushSources::new(&[bad.to_owned()]).unwrap_err();
            assert_eq!(error, format!("`{bad}` is neither an address nor a network such as 192.0.2.0/24"));
        }
    }

    proptest! {
        #[test]
        fn text_that_is_no_address_lies_nowhere(junk in proptest::collection::vec(any::<u8>(), 0..40)) {
            let push = sources(&["0.0.0.0/0", "::/0"]);
            prop_assert_eq!(push.contains(&junk), address(&junk).is_some());
        }
    }
}
