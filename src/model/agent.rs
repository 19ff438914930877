//! User-Agents: their text, and what rules say of it.

use std::fmt;

/// What a record says of the client's User-Agent header, in the log's own spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentText<'t> {
    /// This kind of record never carries one; another record may supply it.
    NotLogged,
    /// The record has a place for it and says that there was none (`<null>`, `n/a`, `[not set]`).
    Missing,
    /// The header's text; empty where the header was sent empty.
    Text(&'t [u8]),
}

impl<'t> AgentText<'t> {
    /// The header's text, where the record tells it.
    ///
    /// Blanks alone are an empty text: those around a header's value are none of it (RFC 3261 §7.3.1).
    #[inline]
    pub const fn text(self) -> Option<&'t [u8]> {
        match self {
            Self::NotLogged | Self::Missing => None,
            Self::Text(text) if text.trim_ascii().is_empty() => Some(b""),
            Self::Text(text) => Some(text),
        }
    }
}

/// Number of an [`AgentKey`] in the interner of one tally; means nothing outside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub u32);

/// Everything about a client that decides its platform: few distinct values, so each is
/// classified once, after the scan, and rules can change without reading the logs again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentKey {
    /// The User-Agent as sent; `None` where there was no header or no record of one.
    pub text: Option<Box<[u8]>>,
    /// What the Contact's parameters tell.
    pub hint: Hint,
    /// The registration came from an address that the operator named as a push server's.
    pub is_push_source: bool,
}

impl AgentKey {
    /// A client of which nothing is known.
    pub const UNKNOWN: Self = Self { text: None, hint: Hint::None, is_push_source: false };
}

/// What the parameters of a Contact tell about the client (RFC 8599 and its forerunners).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Hint {
    /// Nothing.
    #[default]
    None,
    /// Apple's push service: iOS.
    ApplePush,
    /// Google's push service: Android, unless the User-Agent names a system itself.
    GooglePush,
    /// A push service of another kind on a mobile device.
    MobilePush,
    /// WebSocket transport or a `.invalid` host: a browser.
    Web,
    /// An instance identifier that carries a maker's MAC address: a hardphone.
    Device,
    /// A PBX that registers as a client.
    Pbx,
    /// A desktop client whose system is open.
    Desktop,
}

/// The system a client runs on, as far as string and product knowledge establish it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    Ios,
    Android,
    Macos,
    Windows,
    Linux,
    Web,
    Hardphone,
    Gateway,
    Pbx,
    PushProxy,
    Scanner,
    Unknown,
}

impl Platform {
    /// Every platform, in the order of reports.
    pub const ALL: [Self; 12] = [
        Self::Ios,
        Self::Android,
        Self::Macos,
        Self::Windows,
        Self::Linux,
        Self::Web,
        Self::Hardphone,
        Self::Gateway,
        Self::Pbx,
        Self::PushProxy,
        Self::Scanner,
        Self::Unknown,
    ];

    /// The name used in rules, flags and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Macos => "macos",
            Self::Windows => "windows",
            Self::Linux => "linux",
            Self::Web => "web",
            Self::Hardphone => "hardphone",
            Self::Gateway => "gateway",
            Self::Pbx => "pbx",
            Self::PushProxy => "push-proxy",
            Self::Scanner => "scanner",
            Self::Unknown => "unknown",
        }
    }

    /// The platform of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of platforms, read out in the order of [`Platform::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Platforms(u16);

impl Platforms {
    /// Adds one.
    pub const fn insert(&mut self, platform: Platform) {
        self.0 |= 1 << platform as u16;
    }

    /// Whether it is one of them.
    pub const fn contains(self, platform: Platform) -> bool {
        self.0 & (1 << platform as u16) != 0
    }

    /// Those in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in the set.
    pub fn iter(self) -> impl Iterator<Item = Platform> {
        Platform::ALL.into_iter().filter(move |platform| self.contains(*platform))
    }
}

impl FromIterator<Platform> for Platforms {
    fn from_iter<I: IntoIterator<Item = Platform>>(platforms: I) -> Self {
        let mut set = Self::default();
        platforms.into_iter().for_each(|platform| set.insert(platform));
        set
    }
}

/// What kind of thing the client is; can be known where the platform is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    Mobile,
    Desktop,
    Hardphone,
    Server,
    Tool,
    Web,
    Unknown,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 7] =
        [Self::Mobile, Self::Desktop, Self::Hardphone, Self::Server, Self::Tool, Self::Web, Self::Unknown];

    /// The name used in rules and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Desktop => "desktop",
            Self::Hardphone => "hardphone",
            Self::Server => "server",
            Self::Tool => "tool",
            Self::Web => "web",
            Self::Unknown => "unknown",
        }
    }

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which per-user charge a client can make due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A phone or tablet: the generic charge.
    Generic,
    /// A Mac or a Windows machine: the desktop charge.
    Desktop,
    /// A desktop product that also exists for Linux, system not named: reported, billed only
    /// where the operator's own rule says so.
    Undecided,
    /// Known, and never charged for.
    NotBilled,
    /// No rule knows it: reported with its text, never billed.
    Unknown,
}

impl Class {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Desktop => "desktop",
            Self::Undecided => "undecided",
            Self::NotBilled => "not-billed",
            Self::Unknown => "unknown",
        }
    }
}

/// What the rules and the operator's policy say of one [`AgentKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub platform: Platform,
    pub form: Form,
    pub class: Class,
    /// Name of the rule that decided.
    pub rule: String,
    /// The text names an app that the operator bills for (`billable_agents`), or a push server,
    /// which is exempt from that list.
    pub is_billable: bool,
    /// A push server that registers on behalf of sleeping phones.
    pub is_push: bool,
    /// Not billable, but its first word is that of a billable app: worth a look.
    pub is_near_miss: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_alone_are_an_empty_agent_and_no_others_go() {
        assert_eq!(AgentText::Text(b" \t").text(), Some(&b""[..]));
        assert_eq!(AgentText::Text(b" Acme ").text(), Some(&b" Acme "[..]));
        assert_eq!(AgentText::Missing.text(), None);
    }

    #[test]
    fn a_set_of_platforms_reads_in_the_order_of_reports() {
        let set: Platforms = Platform::ALL.into_iter().rev().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), Platform::ALL);
        assert!(Platform::ALL.is_sorted());
        let set: Platforms = [Platform::Web, Platform::Ios, Platform::Web].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Platform::Ios, Platform::Web]);
    }
}
