//! The slow and obvious reader: a line at a time, one thread, nothing but the standard library.
//!
//! It knows few shapes and knows them whole: the `REG-OK` line and `acc` behind syslog or
//! standard error, chan_sip's `Registered SIP` and `Saved useragent`, PJSIP's `Added contact`.
//! It shares no code with the program.

use crate::canonical::canonical;
use crate::users::User;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Two lines of one Call-ID and CSeq within so many seconds are one request sent twice.
const RETRANSMISSION_SECONDS: i64 = 32;

/// Whom the lines read so far prove, and with what.
pub struct Oracle {
    default_domain: &'static str,
    users: BTreeMap<String, User>,
    /// Last time of each Call-ID and CSeq.
    requests: HashMap<(String, String), i64>,
    /// User-Agents of a chan_sip peer, which stand in lines of their own.
    saved: BTreeMap<String, BTreeSet<String>>,
    /// Stamp of a chan_sip peer's last registration, as written, until its agent's line came.
    registered: BTreeMap<String, String>,
}

/// A line that the oracle cannot judge, so that the whole log is beyond it.
#[derive(Debug)]
pub struct Beyond(pub String);

impl Oracle {
    /// An oracle that gives `default_domain` to an AOR without one.
    pub fn new(default_domain: &'static str) -> Self {
        Self {
            default_domain,
            users: BTreeMap::new(),
            requests: HashMap::new(),
            saved: BTreeMap::new(),
            registered: BTreeMap::new(),
        }
    }

    /// Reads one log whole.
    ///
    /// # Errors
    ///
    /// The first line that may be evidence in a shape the oracle does not know.
    pub fn read(&mut self, log: &[u8]) -> Result<(), Beyond> {
        let mut is_continued = false;
        for line in log.split(|&byte| byte == b'\n') {
            // On standard error Kamailio prints a broken header with its line breaks: what
            // follows a line that ends in CR is still the stranger's text.
            let is_inside = std::mem::replace(&mut is_continued, line.ends_with(b"\r"));
            let line = as_printed(line.strip_suffix(b"\r").unwrap_or(line));
            if let Some(message) = behind_stderr(&line) {
                if !is_inside {
                    self.kamailio(message)?;
                }
            } else if let Some(message) = behind_syslog(&line) {
                self.kamailio(message)?;
            } else if let Some((stamp, file, message)) = behind_asterisk(&line) {
                self.asterisk(stamp, file, message)?;
            } else if !is_inside
                && ["REG-OK", "SIP/2.0 200", "Registered SIP", "Added contact", "E_UL_CONTACT"]
                    .iter()
                    .any(|word| line.contains(word))
            {
                return Err(Beyond(line));
            }
        }
        Ok(())
    }

    /// Every user with a registration, with the agents that belong to it.
    pub fn users(mut self) -> BTreeMap<String, User> {
        for (peer, agents) in std::mem::take(&mut self.saved) {
            if let Some(user) = self.users.get_mut(&peer) {
                user.user_agents.extend(agents);
            }
        }
        self.users
    }

    fn identity(&self, aor: &str) -> Option<String> {
        let (user, domain) = aor.rsplit_once('@').unwrap_or((aor, ""));
        let domain = if domain.is_empty() { self.default_domain } else { domain };
        (!user.is_empty()).then(|| canonical(&format!("{user}@{domain}")))
    }

    fn count(&mut self, aor: &str, agent: &str) {
        if let Some(id) = self.identity(aor) {
            let user = self.users.entry(id).or_default();
            user.registrations += 1;
            if !agent.is_empty() && agent != "<null>" {
                user.user_agents.insert(agent.to_owned());
            }
        }
    }

    /// A message of Kamailio, from its level on: `NOTICE: {1 2 REGISTER call-id} <script>: text`.
    fn kamailio(&mut self, message: &str) -> Result<(), Beyond> {
        let Some((_, message)) = message.split_once(": ") else { return Ok(()) };
        let (prefix, text) = match message.strip_prefix('{').and_then(|rest| rest.split_once("} ")) {
            Some((prefix, text)) => (Some(prefix), text),
            None => (None, message),
        };
        if let Some(fields) = text.strip_prefix("<script>: REG-OK t=") {
            let is_ambiguous = ["} <script>: ", "} <core> ["].iter().any(|start| fields.contains(start));
            if is_ambiguous {
                return Ok(());
            }
            return match (fields.contains(" cs="), prefix) {
                (true, _) => {
                    self.reg_ok(fields);
                    Ok(())
                }
                // The stock log_prefix holds a stranger's blanks: a question for the program.
                (false, Some(_)) => Err(Beyond(message.to_owned())),
                (false, None) => {
                    self.reg_ok_older(fields);
                    Ok(())
                }
            };
        }
        if let Some((_, fields)) = text.split_once("acc_log_request(): ACC: ")
            && text.starts_with("acc [")
        {
            self.acc(fields);
        }
        if text.contains("end - new registration") || text.contains("REGISTER SUCCESS[") {
            return Err(Beyond(message.to_owned()));
        }
        Ok(())
    }

    /// The recommended line: every field but the last is one word.
    fn reg_ok(&mut self, fields: &str) -> Option<()> {
        let (time, rest) = fields.split_once(" src=")?;
        let (_, rest) = rest.split_once(" aor=")?;
        let (aor, rest) = rest.split_once(" exp=")?;
        let (expires, rest) = rest.split_once(" cs=")?;
        let (cseq, rest) = rest.split_once(" ci=")?;
        let (call_id, rest) = rest.split_once(" ct=")?;
        let (contact, agent) = rest.split_once(" ua=")?;
        let is_word = |field: &&str| !field.contains(' ');
        if ![time, aor, expires, cseq, call_id, contact].iter().all(is_word) || !is_live(expires)? {
            return None;
        }
        let time: i64 = time.parse().ok()?;
        let request = (call_id.to_owned(), cseq.to_owned());
        let before = self.requests.insert(request, time);
        if before.is_none_or(|before| (time - before).abs() > RETRANSMISSION_SECONDS) {
            self.count(aor, agent);
        }
        Some(())
    }

    /// The older line: Call-ID and Contact are raw, and the Contact may hold the lifetime.
    fn reg_ok_older(&mut self, fields: &str) -> Option<()> {
        if fields.matches(" ct=").count() != 1 || fields.matches(" ua=").count() != 1 {
            return None;
        }
        let (_, rest) = fields.split_once(" aor=")?;
        let (aor, rest) = rest.split_once(" exp=")?;
        let (expires, rest) = rest.split_once(" ci=")?;
        let (_, rest) = rest.split_once(" ct=")?;
        let (contact, agent) = rest.split_once(" ua=")?;
        let lifetime = contact.rsplit_once(";expires=").map_or(expires, |(_, lifetime)| lifetime);
        if is_live(lifetime)? {
            self.count(aor, agent);
        }
        Some(())
    }

    /// `acc` with the extra fields of the samples: `…;ua=…;contact=…;expires=…` at the end.
    fn acc(&mut self, fields: &str) -> Option<()> {
        let field = |name: &str| {
            let (_, rest) = fields.split_once(&format!(";{name}="))?;
            rest.split(';').next()
        };
        let (_, rest) = fields.split_once(";ua=")?;
        let (agent, rest) = rest.split_once(";contact=")?;
        let (contact, expires) = rest.rsplit_once(";expires=")?;
        let lifetime = contact.rsplit_once(";expires=").map_or(expires, |(_, lifetime)| lifetime);
        let is_accepted = field("method")? == "REGISTER" && field("code")?.starts_with('2');
        if is_accepted && !contact.is_empty() && contact != "*" && is_live(lifetime)? {
            self.count(&format!("{}@{}", field("src_user")?, field("src_domain")?), agent);
        }
        Some(())
    }

    fn asterisk(&mut self, stamp: &str, file: &str, message: &str) -> Result<(), Beyond> {
        if file == "chan_sip.c" {
            if let Some((peer, _)) =
                message.strip_prefix("Registered SIP '").and_then(|rest| rest.rsplit_once("' at "))
            {
                self.count(peer, "");
                self.registered.insert(peer.to_owned(), stamp.to_owned());
            } else if let Some((agent, peer)) =
                message.strip_prefix("Saved useragent \"").and_then(|rest| rest.rsplit_once("\" for peer "))
                && let Some(id) = self.identity(peer)
            {
                // The server saves an agent when it accepts a registration. Without the line
                // before, it is one from the address that it knew already.
                if self.registered.remove(peer).is_none_or(|before| before != stamp) {
                    self.count(peer, "");
                }
                let agents = self.saved.entry(id).or_default();
                agents.extend((!agent.is_empty()).then(|| agent.to_owned()));
            }
        } else if file == "res_pjsip_registrar.c" {
            if message.starts_with("Refreshed contact") {
                return Err(Beyond(message.to_owned()));
            }
            if let Some((aor, _)) = message
                .strip_prefix("Added contact '")
                .and_then(|rest| rest.rsplit_once("' to AOR '"))
                .and_then(|(_, rest)| rest.rsplit_once("' with expiration of "))
            {
                self.count(aor, "");
            }
        }
        if message.is_empty() || message.starts_with("<---") {
            // A dump of SIP follows.
            return Err(Beyond(message.to_owned()));
        }
        Ok(())
    }
}

/// Whether a binding of that lifetime is alive: a missing one means the server's default.
/// `None` where it is no lifetime.
fn is_live(expires: &str) -> Option<bool> {
    if expires.is_empty() || expires == "<null>" {
        return Some(true);
    }
    expires.bytes().all(|byte| byte.is_ascii_digit()).then(|| expires.bytes().any(|byte| byte != b'0'))
}

/// Behind Kamailio's prefix on standard error: `_1(2211) `.
fn behind_stderr(line: &str) -> Option<&str> {
    let (index, rest) = line.trim_start_matches(' ').split_once('(')?;
    let (process, message) = rest.split_once(") ")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(index) && is_number(process)).then_some(message)
}

/// Behind a syslog prefix with an ISO stamp or one of RFC 3164, where the tag has a process.
fn behind_syslog(line: &str) -> Option<&str> {
    let is_iso = line.get(..5)?.bytes().take(4).all(|byte| byte.is_ascii_digit());
    let is_old = line.get(..4)?.bytes().take(3).all(|byte| byte.is_ascii_alphabetic());
    // ISO: stamp, host, tag. RFC 3164: month, day, time, host, tag.
    let words_before_tag = if is_iso { 2 } else { 4 };
    if !is_iso && !is_old {
        return None;
    }
    let mut rest = line;
    for _ in 0..words_before_tag {
        rest = rest.trim_start_matches(' ').split_once(' ')?.1;
    }
    let (tag, message) = rest.split_once(' ')?;
    (tag.ends_with("]:") && tag.contains('[')).then_some(message)
}

/// The date, the source file and the message of Asterisk's `[date] LEVEL[thread] file.c: message`.
fn behind_asterisk(line: &str) -> Option<(&str, &str, &str)> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (level, rest) = rest.split_once(' ')?;
    let (file, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    (level.contains('[') && level.ends_with(']') && !file.contains(' ')).then_some((stamp, file, message))
}

/// The line as the program prints its texts: bytes that are no UTF-8 written `\xHH`.
fn as_printed(line: &[u8]) -> String {
    line.utf8_chunks()
        .map(|chunk| {
            let broken: String = chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")).collect();
            format!("{}{broken}", chunk.valid())
        })
        .collect()
}
