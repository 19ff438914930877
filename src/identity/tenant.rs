//! Which tenant a SIP-ID belongs to.

use crate::model::SipIdRef;
use std::collections::HashMap;

/// The map from domain to tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenants {
    /// One tenant owns every domain, and the AORs without one.
    Everything,
    /// Each domain (lower case) belongs to the tenant of that number.
    ByDomain(HashMap<String, usize>),
}

impl Tenants {
    /// The map of these tenants' domains, numbered in their order. A tenant without any domain
    /// owns everything, which the book allows for a sole tenant only.
    pub fn new<'t>(domains: impl Iterator<Item = &'t [String]>) -> Self {
        let mut map = HashMap::new();
        for (number, domains) in domains.enumerate() {
            if domains.is_empty() {
                return Self::Everything;
            }
            map.extend(domains.iter().map(|domain| (domain.clone(), number)));
        }
        Self::ByDomain(map)
    }

    /// The tenant's number; `None` for a domain that nobody claims.
    pub fn of(&self, id: SipIdRef<'_>) -> Option<usize> {
        match self {
            Self::Everything => Some(0),
            Self::ByDomain(map) => map.get(std::str::from_utf8(id.domain()?).ok()?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_nobody_claims_has_no_tenant() {
        let domains = [vec!["a.example".to_owned()], vec!["b.example".to_owned(), "c.example".to_owned()]];
        let tenants = Tenants::new(domains.iter().map(Vec::as_slice));
        let of = |text: &[u8]| tenants.of(SipIdRef::from_canonical(text));
        assert_eq!(of(b"x@c.example"), Some(1));
        assert_eq!(of(b"x@d.example"), None);
        assert_eq!(of(b"x"), None);
        assert_eq!(Tenants::new([&[][..]].into_iter()).of(SipIdRef::from_canonical(b"x")), Some(0));
    }
}
