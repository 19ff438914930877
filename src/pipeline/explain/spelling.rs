//! Whom a spelling means, and who is nearest to one that means nobody.

use crate::identity::{Policy, canonical};
use crate::model::{Aor, Dialect, SipId, SipIdRef};
use crate::tally::Tally;

/// So many names are suggested.
const SUGGESTED_MAX: usize = 8;
/// More changes than this make another name of it.
const CHANGES_MAX: usize = 2;

/// The SIP-IDs that a text can mean under the policies of the logs, the likeliest first: as it stands,
/// then as a server reads it that folds upper case. Empty where it names nobody.
pub fn meant<'p>(text: &str, policies: impl IntoIterator<Item = &'p Policy>) -> Vec<SipId> {
    let mut ids: Vec<SipId> = Vec::new();
    let mut id = Vec::new();
    let policies: Vec<&Policy> = policies.into_iter().collect();
    for dialect in [Dialect::Unknown, Dialect::Kamailio] {
        for policy in &policies {
            // A server's own name for somebody is as good as an address.
            let aors = [Aor::Uri(text.as_bytes()), Aor::Name(text.as_bytes())];
            let is_name = policy.names.contains_key(text.as_bytes());
            for aor in aors.into_iter().take(1 + usize::from(is_name)) {
                if canonical(aor, dialect, policy, &mut id) && !ids.iter().any(|it| it.as_bytes() == id) {
                    ids.push(SipId::from_canonical(&id));
                }
            }
        }
    }
    ids
}

/// The users of a tally whose names are nearest to one that is not among them: first those that
/// differ in case, domain or the way an international number begins, then those a letter or two
/// away.
pub fn suggestions(tally: &Tally, id: &SipId) -> Vec<SipId> {
    let users = tally.in_any_order();
    let bytes = (0..users.len()).map(|place| users.user(place));
    let mut near: Vec<(usize, SipIdRef<'_>)> = bytes
        .map(SipIdRef::from_canonical)
        .filter_map(|user| Some((distance(id.borrowed(), user)?, user)))
        .collect();
    near.sort_unstable();
    near.truncate(SUGGESTED_MAX);
    near.into_iter().map(|(_, user)| SipId::from_canonical(user.as_bytes())).collect()
}

/// How far apart two names are, in steps that grow; `None` where they have nothing in common.
fn distance(one: SipIdRef<'_>, other: SipIdRef<'_>) -> Option<usize> {
    if one == other {
        return None;
    }
    let (near, far) = (plain(one.user()), plain(other.user()));
    let is_same_domain = one.domain() == other.domain();
    if near == far {
        return Some(usize::from(!is_same_domain));
    }
    if !is_same_domain || near.len().abs_diff(far.len()) > CHANGES_MAX {
        return None;
    }
    // A short number is somebody's extension, and its neighbour is somebody else's.
    if near.len() <= 6 && near.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // One letter of three makes another name.
    let most = CHANGES_MAX.min(near.len() / 3);
    let changes =
        strsim::damerau_levenshtein(&String::from_utf8_lossy(&near), &String::from_utf8_lossy(&far));
    (changes <= most).then_some(1 + changes)
}

/// A user part without case, and a number without what stands before its country code.
fn plain(user: &[u8]) -> Vec<u8> {
    let number = user.strip_prefix(b"+").or_else(|| user.strip_prefix(b"00")).unwrap_or(user);
    let is_number = number.len() > 6 && number.iter().all(u8::is_ascii_digit);
    if is_number { number } else { user }.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SipId {
        SipId::from_canonical(text.as_bytes())
    }

    fn far(one: &str, other: &str) -> Option<usize> {
        distance(id(one).borrowed(), id(other).borrowed())
    }

    #[test]
    fn an_upper_case_letter_means_two_users_until_the_logs_tell() {
        let policy = Policy::default();
        assert_eq!(meant("sip:Alic%65@X:5060;a=b", [&policy]), [id("Alice@x"), id("alice@x")]);
        assert_eq!(meant("alice@x", [&policy, &policy]), [id("alice@x")]);
        assert_eq!(meant("sip:x", [&policy]), []);
    }

    #[test]
    fn every_source_has_its_own_domain_for_a_bare_name() {
        let of = |domain: &str| Policy { default_domain: Some(domain.to_owned()), ..Policy::default() };
        assert_eq!(meant("1001", [&of("a"), &of("b")]), [id("1001@a"), id("1001@b")]);
    }

    #[test]
    fn the_name_that_a_server_has_for_somebody_means_that_user() {
        let names = [(b"desk".to_vec(), b"94@x".to_vec())].into();
        assert_eq!(meant("desk", [&Policy { names, ..Policy::default() }]), [id("desk"), id("94@x")]);
    }

    #[test]
    fn case_country_code_and_domain_are_nearer_than_letters() {
        assert_eq!(far("Alice@x", "alice@x"), Some(0));
        assert_eq!(far("+420123456@x", "00420123456@x"), Some(0));
        assert_eq!(far("+420123456@x", "420123456@x"), Some(0));
        assert_eq!(far("1001", "1001@x"), Some(1));
        assert_eq!(far("1001@y", "1001@x"), Some(1));
        assert_eq!(far("alise@x", "alice@x"), Some(2));
    }

    #[test]
    fn another_number_is_no_suggestion() {
        assert_eq!(far("1001@x", "1002@x"), None);
        assert_eq!(far("12@x", "13@x"), None);
        assert_eq!(far("alise@y", "alice@x"), None);
        assert_eq!(far("alice@x", "alice@x"), None);
    }
}
