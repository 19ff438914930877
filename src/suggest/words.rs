//! What the words of a line tell: the names operators give to fields, and the words for what happened.

/// What a word says about the line it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sense {
    Accepted,
    Refused,
    Removed,
    /// A query of bindings.
    Fetched,
    Register,
    Message,
    /// Another SIP method.
    OtherMethod,
}

/// What a field of a template is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    Aor,
    User,
    Domain,
    Ua,
    Contact,
    Expires,
    CallId,
    Cseq,
    Method,
    Code,
    Ip,
    Time,
}

impl Name {
    /// As a pattern file writes it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Aor => "aor",
            Self::User => "user",
            Self::Domain => "domain",
            Self::Ua => "ua",
            Self::Contact => "contact",
            Self::Expires => "expires",
            Self::CallId => "callid",
            Self::Cseq => "cseq",
            Self::Method => "method",
            Self::Code => "code",
            Self::Ip => "ip",
            Self::Time => "time",
        }
    }
}

/// The sense of one word, if it has any.
pub(super) fn sense(word: &[u8]) -> Option<Sense> {
    let word = String::from_utf8_lossy(word);
    match word.as_ref() {
        "REGISTER" | "register" | "Register" => return Some(Sense::Register),
        "MESSAGE" => return Some(Sense::Message),
        "INVITE" | "ACK" | "BYE" | "CANCEL" | "OPTIONS" | "SUBSCRIBE" | "NOTIFY" | "PUBLISH" | "INFO"
        | "PRACK" | "REFER" | "UPDATE" => return Some(Sense::OtherMethod),
        _ => {}
    }
    let word = word.to_ascii_lowercase();
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    if begins(&["unregist", "un-regist", "deregist", "de-regist", "remov", "delet", "logout", "expired"])
        || matches!(word.as_str(), "del" | "unreg" | "unbound")
    {
        Some(Sense::Removed)
    } else if begins(&[
        "reject", "den", "fail", "forbid", "unauthor", "invalid", "wrong", "challeng", "refus", "block",
        "ban", "mismatch", "foreign", "drop", "scann", "error", "tried",
    ]) && !word.starts_with("dens")
        || matches!(word.as_str(), "bad" | "not" | "ko" | "nok")
    {
        Some(Sense::Refused)
    } else if matches!(word.as_str(), "get" | "fetch" | "fetched" | "query" | "queried" | "list") {
        Some(Sense::Fetched)
    } else if begins(&["accept", "success", "saved", "registered", "refresh", "renew", "insert"])
        || matches!(
            word.as_str(),
            "ok" | "add" | "added" | "upd" | "update" | "updated" | "reg_ok" | "reg-ok"
        )
    {
        Some(Sense::Accepted)
    } else {
        None
    }
}

/// Whether the word alone says that a line is about registering.
pub(super) fn is_about_registering(word: &[u8]) -> bool {
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    word.contains("regist")
        || word.starts_with("reg_")
        || word.starts_with("reg-")
        || word == "login"
        || word == "reg"
}

/// The field that a label announces. A label of prose (`from`, `using`) tells less than a key.
pub(super) fn named_by(label: &[u8], is_key: bool) -> Option<Name> {
    let label: String = String::from_utf8_lossy(label)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let always = match label.as_str() {
        "aor" | "touri" | "toaor" | "sipuri" | "impu" | "addressofrecord" => Some(Name::Aor),
        "ua" | "useragent" | "agent" | "using" | "softphone" => Some(Name::Ua),
        "contact" | "contacts" | "contacturi" => Some(Name::Contact),
        "expires" | "expiry" => Some(Name::Expires),
        "callid" => Some(Name::CallId),
        "cseq" => Some(Name::Cseq),
        _ => None,
    };
    let as_key = match label.as_str() {
        "to" | "tu" | "t" | "uri" => Some(Name::Aor),
        "user" | "username" | "account" | "ext" | "extension" | "authuser" | "touser" | "fu" | "tuser" => {
            Some(Name::User)
        }
        "domain" | "realm" | "todomain" | "td" | "fd" => Some(Name::Domain),
        "client" | "device" | "app" | "phone" => Some(Name::Ua),
        "ct" => Some(Name::Contact),
        "exp" | "expire" | "ttl" => Some(Name::Expires),
        "ci" | "cid" | "id" => Some(Name::CallId),
        "cs" | "seq" => Some(Name::Cseq),
        "method" | "rm" | "m" => Some(Name::Method),
        "code" | "status" | "statuscode" | "rs" | "reply" => Some(Name::Code),
        "ip" | "src" | "srcip" | "si" | "source" | "sourceip" | "received" | "address" | "addr" => {
            Some(Name::Ip)
        }
        "time" | "ts" | "timestamp" | "date" => Some(Name::Time),
        _ => None,
    };
    always.or(as_key.filter(|_| is_key))
}

/// Words of prose that end a free text: the next field begins behind them.
pub(super) fn is_joint(word: &[u8]) -> bool {
    const JOINTS: [&[u8]; 13] = [
        b"from", b"and", b"to", b"at", b"via", b"with", b"by", b"on", b"for", b"contact", b"expires", b"ip",
        b"port",
    ];
    JOINTS.contains(&word.to_ascii_lowercase().as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_happened() {
        for (word, expected) in [
            ("accepted", Some(Sense::Accepted)),
            ("DENY", Some(Sense::Refused)),
            ("unregistered", Some(Sense::Removed)),
            ("GET", Some(Sense::Fetched)),
            ("REGISTER", Some(Sense::Register)),
            ("from", None),
        ] {
            assert_eq!(sense(word.as_bytes()), expected, "{word}");
        }
    }

    #[test]
    fn a_key_tells_more_than_a_word_of_prose() {
        assert_eq!(named_by(b"user_agent", true), Some(Name::Ua));
        assert_eq!(named_by(b"using", false), Some(Name::Ua));
        assert_eq!(named_by(b"User", false), None);
        assert_eq!(named_by(b"user", true), Some(Name::User));
    }
}
