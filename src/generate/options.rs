//! What to write.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How the server writes its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Kamailio with the recommended `REG-OK` line, in syslog.
    Kamailio,
    /// Kamailio with an `xlog` line of the operator's own, for which a pattern file is written.
    OwnLine,
    /// Asterisk's full log with PJSIP: `Added contact`.
    AsteriskPjsip,
    /// Asterisk's full log with `chan_sip`: `Registered SIP` and `Saved useragent`.
    ChanSip,
    /// A line for each request and one for its reply, for which a pattern file is written.
    RequestReply,
    /// Whole SIP messages, as Kamailio's `sipdump` writes them.
    SipDump,
}

impl Format {
    pub const ALL: [Self; 6] = [
        Self::Kamailio,
        Self::OwnLine,
        Self::AsteriskPjsip,
        Self::ChanSip,
        Self::RequestReply,
        Self::SipDump,
    ];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kamailio => "kamailio",
            Self::OwnLine => "own-line",
            Self::AsteriskPjsip => "asterisk-pjsip",
            Self::ChanSip => "chan-sip",
            Self::RequestReply => "request-reply",
            Self::SipDump => "sip-dump",
        }
    }

    /// A moment as far as a stamp of such a log tells it: most tell the second.
    pub(super) const fn stamped(self, micros: i64) -> i64 {
        match self {
            Self::SipDump => micros,
            _ => micros - micros.rem_euclid(1_000_000),
        }
    }

    /// The share of other records in such a log, where nothing else was asked for.
    pub const fn noise(self) -> Share {
        match self {
            Self::Kamailio | Self::OwnLine | Self::RequestReply | Self::SipDump => Share(0),
            Self::AsteriskPjsip | Self::ChanSip => Share(800_000),
        }
    }

    /// The share of de-registrations, likewise. Asterisk tells of the end of every binding, so a log of it
    /// without any would be an odd one.
    pub const fn deregistered(self) -> Share {
        match self {
            Self::AsteriskPjsip => Share(250_000),
            _ => Share(0),
        }
    }

    /// Whether records tell Call-ID and CSeq, by which a retransmission is known, and the domain.
    pub const fn tells_transactions(self) -> bool {
        !matches!(self, Self::AsteriskPjsip | Self::ChanSip)
    }

    /// The name of the log that was written last; older ones carry a number behind it.
    pub(super) const fn file_name(self) -> &'static str {
        match self {
            Self::Kamailio | Self::OwnLine | Self::RequestReply => "kamailio.log",
            Self::AsteriskPjsip | Self::ChanSip => "full",
            Self::SipDump => "sipdump.data",
        }
    }
}

/// How the files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// How much to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Lines; nearly so many where a registration takes several.
    Lines(u64),
    /// About so many bytes before compression.
    Bytes(u64),
}

/// A part of a whole, in millionths of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Share(pub(super) u32);

impl Share {
    pub const NONE: Self = Self(0);

    pub(super) fn millionths(self) -> u64 {
        self.0.into()
    }
}

impl FromStr for Share {
    type Err = String;

    /// Reads a percentage with at most four decimals, `%` behind it or not.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no percentage, as in `80%` or `0.5%`");
        let digits = text.trim().trim_end_matches('%').trim_end();
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || part.len() > 4 || !is_number(whole) || !is_number(part) {
            return Err(wrong());
        }
        let millionths: u32 = format!("{whole}{part:0<4}").parse().map_err(|_| wrong())?;
        if millionths > 1_000_000 { Err(wrong()) } else { Ok(Self(millionths)) }
    }
}

impl FromStr for Length {
    type Err = String;

    /// Reads a size in bytes: `1GB` is 10⁹ of them, `1GiB` 2³⁰.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no size, as in `500MB` or `1.5GiB`");
        let text = text.trim();
        let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = (text[..end].trim_end(), &text[end..]);
        let unit: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "t" | "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 3 || !is_number(whole) || !is_number(part) {
            return Err(wrong());
        }
        let thousandths: u64 = format!("{whole}{part:0<3}").parse().map_err(|_| wrong())?;
        let bytes = u128::from(thousandths) * u128::from(unit) / 1000;
        u64::try_from(bytes).map(Self::Bytes).map_err(|_| wrong())
    }
}

/// What to write: the same options give the same bytes on every machine.
#[derive(Debug, Clone)]
pub struct Options {
    pub format: Format,
    pub length: Length,
    /// Users there are. All of them register in a log of at least twice as many registrations.
    pub users: u64,
    pub seed: u64,
    /// First instant of the log, in seconds since 1970.
    pub start_seconds: i64,
    pub days: u32,
    /// Other records, of all records; [`Format::noise`] is the usual.
    pub noise: Share,
    /// Of the records that are no noise: attempts of scanners with names they made up.
    pub scanners: Share,
    /// Likewise: registrations of real users that the server refused.
    pub refused: Share,
    /// Likewise: requests that came twice. None where [`Format::tells_transactions`] is not.
    pub retransmitted: Share,
    /// Likewise: devices that went away.
    pub deregistered: Share,
    /// Files, as a log rotated so often leaves them.
    pub files: u32,
    pub compression: Compression,
    pub hosts: u32,
    /// Domains that the users are spread over; at least one.
    pub domains: Vec<String>,
    /// Whether `truth-users.csv` is written.
    pub lists_users: bool,
}

impl Options {
    /// Checks what the types leave open.
    ///
    /// # Errors
    ///
    /// The first option that cannot be.
    pub fn check(&self) -> Result<(), GenerateError> {
        let wrong = |text: &str| Err(GenerateError::Options(text.to_owned()));
        let others = [self.scanners, self.refused, self.retransmitted, self.deregistered];
        let others: u64 = others.iter().map(|share| share.millionths()).sum();
        if !(1..=100_000_000).contains(&self.users) {
            return wrong("--users: from 1 to 100000000");
        }
        if matches!(self.length, Length::Lines(0) | Length::Bytes(0)) {
            return wrong("nothing to write: ask for at least one line");
        }
        if self.noise.millionths() == 1_000_000 || others >= 1_000_000 {
            return wrong("no room for registrations: noise, or what goes wrong, is all there is");
        }
        if !(1..=3660).contains(&self.days) {
            return wrong("--days: from 1 to 3660");
        }
        // Up to 2100: servers write the seconds with ten digits.
        if !(0..4_102_444_800).contains(&self.start_seconds) {
            return wrong("--start: from 1970-01-01 to 2099-12-31");
        }
        if !(1..=10_000).contains(&self.files) || !(1..=1000).contains(&self.hosts) {
            return wrong("--files: from 1 to 10000; --hosts: from 1 to 1000");
        }
        let is_host = |domain: &String| {
            !domain.is_empty()
                && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        if self.domains.is_empty() || !self.domains.iter().all(is_host) {
            return wrong("--domain: letters, digits, dots and hyphens, as in `voip.example.com`");
        }
        if !self.format.tells_transactions() && self.domains.len() > 1 {
            return wrong("--domain: this log names users without a domain, so there can be one only");
        }
        if !self.format.tells_transactions() && self.retransmitted != Share::NONE {
            return wrong("--retransmitted: this log has neither Call-ID nor CSeq to tell one by");
        }
        Ok(())
    }
}

/// Why nothing, or not all, was written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error("{0}")]
    Options(String),
    /// The folder holds logs already, which would be counted together with the new ones.
    #[error("{}: holds something already; name a new folder, or empty this one", .0.display())]
    Occupied(PathBuf),
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    /// The writer that was handed over; a closed pipe is one.
    #[error(transparent)]
    Output(io::Error),
}

impl GenerateError {
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_exactly() {
        assert_eq!("80%".parse(), Ok(Share(800_000)));
        assert_eq!("0.5".parse(), Ok(Share(5_000)));
        assert_eq!("100 %".parse(), Ok(Share(1_000_000)));
        for wrong in ["", "%", "101%", "-1%", "1.23456%", "1e2", "+5%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_is_read_exactly() {
        assert_eq!("1GB".parse(), Ok(Length::Bytes(1_000_000_000)));
        assert_eq!("1.5 GiB".parse(), Ok(Length::Bytes(3 << 29)));
        assert_eq!("700".parse(), Ok(Length::Bytes(700)));
        for wrong in ["", "GB", "1XB", "1.2345GB", "-1", "99999999999TB"] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
    }
}
