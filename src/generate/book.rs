//! What is needed to bill the logs: a price book, and the pattern file of an operator's own line.

use super::options::{Format, Options};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The pattern file of a format that the program does not know by itself.
pub(super) const fn patterns(format: Format) -> Option<&'static str> {
    match format {
        Format::OwnLine => Some(include_str!("own_line.toml")),
        Format::RequestReply => Some(include_str!("request_reply.toml")),
        Format::Kamailio | Format::AsteriskPjsip | Format::ChanSip | Format::SipDump => None,
    }
}

/// A small price book whose first cycle begins with the log.
pub(super) fn book(options: &Options) -> String {
    let start = Timestamp::from_second(options.start_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let anchor = TimeZone::UTC.to_datetime(start).date();
    // Stamps without a year get the latest that is not after it.
    let end = options.start_seconds + i64::from(options.days) * 86_400 - 1;
    let end = Timestamp::from_second(end).unwrap_or(Timestamp::UNIX_EPOCH);
    let year = TimeZone::UTC.to_datetime(end).year();
    let domain = &options.domains[0];
    let patterns = patterns(options.format).unwrap_or_default();
    format!(
        "# A price book for the logs beside it: `siptally bill --book book.toml logs`.

schema = 1
currency = \"EUR\"

[cycle]
kind = \"days\"
length = 30
anchor = {anchor}
zone = \"UTC\"

[logs]
zone = \"UTC\"
year = {year}

[identity]
default_domain = \"{domain}\"

[activity]
billable_agents = [\"any\"]
no_agent = \"report\"

[[charge]]
category = \"generic\"
model = \"flat\"
price = \"1.00\"

[[charge]]
category = \"desktop\"
model = \"flat\"
price = \"1.50\"

{patterns}"
    )
}
