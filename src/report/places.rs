//! Names for the places that prove something.

use crate::model::{Category, SipId, Spot};
use std::cmp::Ordering;

/// Knows what the inputs are called; whoever holds the plan implements it.
pub trait Places {
    /// The input's path as shown: below the argument it came from.
    fn input(&self, spot: Spot) -> &str;

    /// The name of the side file whose rows are charged as that category.
    fn side_file(&self, category: Category) -> &str;
}

/// A SIP-ID as a SIP URI: a spreadsheet then takes `+420…` for neither a formula nor a number.
pub(super) fn sip_uri(sip_id: &SipId) -> String {
    format!("sip:{}", sip_id.escaped())
}

/// The order of two SIP-IDs as written, which is not that of their bytes where one is escaped.
pub(super) fn written_order(left: &SipId, right: &SipId) -> Ordering {
    // A sheet can have millions of rows and nearly none is escaped: compare without writing.
    if is_written_as_is(left) && is_written_as_is(right) {
        return left.cmp(right);
    }
    left.escaped().cmp(&right.escaped()).then_with(|| left.cmp(right))
}

/// Whether [`SipId::escaped`] surely changes nothing. May be false too often, never true too often.
fn is_written_as_is(sip_id: &SipId) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte);
    sip_id.user().iter().all(is_plain) && sip_id.domain().is_none_or(|domain| domain.iter().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_stand_in_the_order_in_which_they_read(left in "[ab@% #_+]{1,6}", right in "[ab@% #_+]{1,6}") {
            let [left, right] = [left, right].map(|text| SipId::from_canonical(text.as_bytes()));
            let read = sip_uri(&left).cmp(&sip_uri(&right));
            prop_assert_eq!(written_order(&left, &right), read.then(left.cmp(&right)));
        }
    }
}
