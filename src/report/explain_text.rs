//! The life of one user for a terminal: a head, every event with its record, and the decisions.

use super::Places;
use super::decision_text::decisions;
use super::digits::grouped;
use super::explain_place::{Named, span_text};
use super::text::{escaped, printable};
use crate::model::{
    Device, DeviceName, Kind, Moment, Span, Spot, Standing, Story, StoryEvent, StoryItem, Tie, Verdict,
};
use std::fmt::{Display, Write};

/// So many lines of a record are shown.
const LINES_MAX: usize = 12;
/// So many spellings are.
const SPELLINGS_MAX: usize = 8;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

/// A text that may be styled.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub out: String,
    pub has_style: bool,
}

impl Page {
    /// A line in the style, where styles are shown.
    pub fn styled(&mut self, style: &str, text: impl Display) {
        match self.has_style {
            true => self.line(format_args!("{style}{text}{RESET}")),
            false => self.line(text),
        }
    }

    /// A plain line.
    pub fn line(&mut self, text: impl Display) {
        writeln!(self.out, "{text}").expect("a string takes every text");
    }

    /// A heading, after an empty line.
    pub fn heading(&mut self, text: impl Display) {
        self.line("");
        self.styled(BOLD, text);
    }

    /// The record at a place: so many lines of it, or of a SIP message a line less and what opens it.
    pub fn quote(&mut self, named: Named<'_>, spot: Spot, indent: &str, most: usize) {
        let lines = named.lines(spot);
        // What stands before a dumped message is no reason to show little of the message itself.
        let is_message = |line: &&[u8]| line.ends_with(b"SIP/2.0") || line.starts_with(b"SIP/2.0 ");
        let most = match lines.iter().position(is_message) {
            Some(begin) if most > 1 => begin + most - 1,
            _ => most,
        };
        // One line more takes no more room than to say that there is one.
        let shown = if lines.len() <= most + 1 { lines.len() } else { most };
        for line in &lines[..shown] {
            self.styled(DIM, format_args!("{indent}| {}", escaped(line)));
        }
        if shown < lines.len() {
            self.styled(DIM, format_args!("{indent}… {} more lines", lines.len() - shown));
        }
    }
}

/// The story as lines with their line ends. `gone` says how many earlier items were left out.
///
/// With `has_style` heads are bold, records dim, and what counts or was refused has a colour. Whatever
/// strangers wrote is escaped.
pub fn story_text(story: &Story<'_>, places: &dyn Places, gone: usize, has_style: bool) -> String {
    let named = Named { story, places };
    let mut page = Page { out: String::new(), has_style };
    head(&mut page, story);
    if gone > 0 {
        page.line(format_args!("\n… {} earlier events are not shown", grouped(gone)));
    }
    for item in &story.items {
        page.line("");
        match item {
            StoryItem::Event(one) => event(&mut page, named, one),
            StoryItem::Span(one) => span(&mut page, named, one),
        }
    }
    decisions(&mut page, named);
    page.out
}

/// What can be said in a few lines.
fn head(page: &mut Page, story: &Story<'_>) {
    page.styled(BOLD, story.sip_id.escaped());
    let is_known = !story.spellings.is_empty() || !story.items.is_empty() || story.first.is_some();
    if !is_known {
        return page.line("  no record in these logs names this user");
    }
    if let Some((first, last)) = story.first.zip(story.last) {
        field(page, "seen", format_args!("{first} to {last}"));
    }
    counts(page, story);
    for (number, (text, count)) in story.spellings.iter().take(SPELLINGS_MAX).enumerate() {
        let name = if number == 0 { "spelled" } else { "" };
        field(page, name, format_args!("{} ({})", escaped(text), times(*count)));
    }
    if story.spellings.len() > SPELLINGS_MAX {
        field(page, "", format_args!("… {} more spellings", story.spellings.len() - SPELLINGS_MAX));
    }
    for (number, one) in story.devices.iter().enumerate() {
        device(page, number, one);
    }
    for cycle in &story.cycles {
        let names: Vec<&str> = cycle.decision.billed.iter().map(|user| user.category.name()).collect();
        let names = match names.is_empty() {
            true => "not billed".to_owned(),
            false if cycle.is_skipped => {
                format!("not billed, the cycle is skipped (else {})", names.join(", "))
            }
            false => names.join(", "),
        };
        field(page, "cycle", format_args!("{} to {}: {names}", cycle.cycle.first_day, cycle.cycle.end_day));
    }
}

fn counts(page: &mut Page, story: &Story<'_>) {
    for standing in Standing::ALL {
        let count = story.counts[standing as usize];
        let text = match standing {
            Standing::Refused if story.challenges > 0 => {
                let refusals = count.saturating_sub(story.challenges);
                format!("{}, and {}", grouped(refusals), several(story.challenges, "challenge"))
            }
            _ => grouped(count),
        };
        if count > 0 || standing == Standing::Accepted {
            field(page, counted_name(standing), text);
        }
    }
}

fn field(page: &mut Page, name: &str, value: impl Display) {
    page.line(format_args!("  {name:<14} {value}"));
}

fn device(page: &mut Page, number: usize, device: &Device) {
    field(page, &format!("device {}", number + 1), device_name(&device.name));
    for (agent, verdict) in &device.agents {
        field(page, "", agent_text(agent.as_deref(), verdict));
    }
    let mut text = several(device.registrations, "registration");
    if device.refusals > 0 {
        let _ = write!(text, ", {}", several(device.refusals, "refusal"));
    }
    if let Some((first, last)) = device.first.zip(device.last) {
        let _ = write!(text, ", {first} to {last}");
    }
    field(page, "", text);
}

fn device_name(name: &DeviceName) -> String {
    match name {
        DeviceName::Instance(text) => format!("instance {}", escaped(text)),
        DeviceName::Contact(text) => escaped(text),
        DeviceName::Source(text) => format!("from {}", escaped(text)),
        DeviceName::Nameless => "of which the records name nothing".to_owned(),
    }
}

fn event(page: &mut Page, named: Named<'_>, event: &StoryEvent) {
    let code = event.code.map_or_else(String::new, |code| format!(" {code}"));
    let style = match event.counted() {
        Some(Standing::Accepted) => GREEN,
        Some(Standing::Refused) if !event.is_challenged() => RED,
        _ => BOLD,
    };
    let time = time(event.moment);
    let source = printable(&event.source);
    page.styled(style, format_args!("{time}  {}{code}  ({source})", event.kind.name()));
    page.line(format_args!("  {}", named.place(event.spot)));
    if let Some(text) = meaning(named, event) {
        page.line(format_args!("  {text}"));
    }
    let device = event.device.filter(|_| named.story.devices.len() > 1);
    let mut about: Vec<String> = device.map(|device| format!("device {}", device + 1)).into_iter().collect();
    if !event.contact.is_empty() {
        about.push(format!("contact {}", escaped(&event.contact)));
    }
    if !event.source_ip.is_empty() {
        about.push(format!("from {}", escaped(&event.source_ip)));
    }
    if let Some(seconds) = event.expires_seconds {
        about.push(format!("expires {seconds}"));
    }
    if !about.is_empty() {
        page.line(format_args!("  {}", about.join(", ")));
    }
    if let Some(verdict) = &event.verdict {
        page.line(format_args!("  {}", agent_text(event.agent.as_deref(), verdict)));
    }
    page.quote(named, event.spot, "  ", LINES_MAX);
}

/// What the record counts as, or why it does not.
fn meaning(named: Named<'_>, event: &StoryEvent) -> Option<String> {
    if let Some(Tie::Repeats(spot)) = event.tie {
        return Some(format!("counts once with {}", named.place(spot)));
    }
    let tie = match event.tie {
        Some(Tie::AnsweredBy(spot, code)) => Some(format!("answered {code} by {}", named.place(spot))),
        Some(Tie::Answers(spot)) => Some(format!("answers {}", named.place(spot))),
        Some(Tie::Unanswered) if event.standing.is_none() => {
            Some("no answer in these logs, so it proves nothing".to_owned())
        }
        _ => None,
    };
    let counts = match (event.standing, event.kind) {
        (Some(_), _) if event.is_challenged() => Some("challenged: never billed".to_owned()),
        (Some(standing), _) => Some(sentence(standing).to_owned()),
        (None, Kind::Snapshot) => Some("in a list that another one tells more of".to_owned()),
        (None, Kind::Restart) => Some("the server starts anew and forgets this user's bindings".to_owned()),
        (None, Kind::AgentTie) => Some("names the User-Agent, and proves no registration".to_owned()),
        (None, Kind::Gone) => Some("the server drops the binding and gives no reason".to_owned()),
        _ => None,
    };
    match (counts, tie) {
        (Some(counts), Some(tie)) => Some(format!("{counts}; {tie}")),
        (counts, tie) => counts.or(tie),
    }
}

fn span(page: &mut Page, named: Named<'_>, span: &Span) {
    let end = if span.is_open { "open" } else { "closed" };
    page.styled(GREEN, format_args!("{}  sustained  ({end})", span.end));
    page.line(format_args!(
        "  proved by {}: alive between {} and {}",
        named.place(span.spot),
        span.begin,
        span.end
    ));
    let needs = span_text(span.needs_seconds.unsigned_abs());
    page.line(format_args!("  so registered at least once in every {needs} of it, although no line says so"));
    if span.is_open {
        page.line("  no end was logged; the server wrote of other bindings until then");
    }
    let device = span.device.filter(|_| named.story.devices.len() > 1);
    let device = device.map_or_else(String::new, |device| format!("device {}, ", device + 1));
    page.line(format_args!("  {device}contact {}", escaped(&span.contact)));
    page.quote(named, span.spot, "  ", LINES_MAX);
}

/// What a User-Agent is by the rules.
pub(super) fn agent_text(agent: Option<&[u8]>, verdict: &Verdict) -> String {
    let text = match agent {
        None => "no User-Agent is known".to_owned(),
        Some(b"") => "a User-Agent that was sent empty".to_owned(),
        Some(text) => escaped(text),
    };
    let billed = if verdict.is_billable { "" } else { ", not a billed app" };
    let push = if verdict.is_push { ", push server" } else { "" };
    let Verdict { platform, class, rule, .. } = verdict;
    format!("{text} -> {platform}, {}{push}{billed} (rule {rule})", class.name())
}

fn time(moment: Option<Moment>) -> String {
    moment.map_or_else(|| "no clock".to_owned(), |moment| moment.to_string())
}

pub(super) fn several(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(count)) }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

fn counted_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "registrations",
        Standing::SustainedClosed => "lived on",
        Standing::SustainedOpen => "still open",
        Standing::Unproven => "unproven",
        Standing::Snapshot => "in snapshots",
        Standing::Attempted => "attempts",
        Standing::Refused => "refusals",
        Standing::Deregistered => "de-registered",
        Standing::Fetched => "queries",
        Standing::Expired => "expired",
        Standing::MessageSent => "messages",
        Standing::Hosted => "hosted",
        Standing::Joined => "joined",
    }
}

/// What one record of that standing means for the bill.
const fn sentence(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "counts as a registration",
        Standing::SustainedClosed | Standing::SustainedOpen => "proves a registration that no line tells",
        Standing::Unproven => "a binding that may have lived on: proves nothing",
        Standing::Snapshot => "a binding in a snapshot: no registration by itself",
        Standing::Attempted => "an attempt: nothing proves that it was accepted",
        Standing::Refused => "refused: never billed",
        Standing::Deregistered => "a de-registration: never billed",
        Standing::Fetched => "a query of the bindings: never billed",
        Standing::Expired => "the end of a binding: never billed",
        Standing::MessageSent => "counts as a message sent",
        Standing::Hosted => "counts as a conference hosted",
        Standing::Joined => "joined a conference as a guest: never charged",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::Logs;
    use super::*;
    use crate::model::{Quote, SipId};

    /// A story of one refused record of these lines.
    fn story(text: &str) -> Story<'static> {
        let spot = Spot { input: 1, offset: 512 };
        let event = StoryEvent {
            spot,
            kind: Kind::Refused,
            source: "x".to_owned(),
            moment: None,
            standing: Some(Standing::Refused),
            tie: None,
            device: None,
            contact: Vec::new(),
            source_ip: Vec::new(),
            call_id: Vec::new(),
            cseq: Vec::new(),
            agent: None,
            verdict: None,
            code: None,
            expires_seconds: None,
        };
        Story {
            sip_id: SipId::from_canonical(b"a@x"),
            spellings: Vec::new(),
            counts: [0; Standing::ALL.len()],
            challenges: 0,
            first: None,
            last: None,
            devices: Vec::new(),
            items: vec![StoryItem::Event(event)],
            cycles: Vec::new(),
            quotes: [(spot, Quote { line: 7, text: text.as_bytes().to_vec() })].into(),
            captures: Default::default(),
        }
    }

    #[test]
    fn styles_are_for_terminals_that_show_them() {
        let told = |has_style| story_text(&story("line"), &Logs, 0, has_style);
        assert!(told(true).contains("\x1b[31mno clock  refused  (x)\x1b[0m\n"), "{}", told(true));
        assert!(!told(false).contains('\x1b'));
        assert!(told(false).contains("\n  pbx1/full:7, byte 512\n  refused: never billed\n  | line\n"));
    }

    #[test]
    fn a_long_record_is_cut_and_one_line_more_is_no_reason_to() {
        let told = |lines: usize| story_text(&story(&"x\n".repeat(lines)), &Logs, 0, false);
        assert_eq!(told(LINES_MAX + 1).matches("  | x").count(), LINES_MAX + 1);
        let cut = told(LINES_MAX + 2);
        assert_eq!(cut.matches("  | x").count(), LINES_MAX);
        assert!(cut.ends_with("  … 2 more lines\n"));
    }

    #[test]
    fn what_opens_a_message_takes_no_lines_from_it() {
        let opener = "o\n".repeat(LINES_MAX);
        let message = format!("{opener}REGISTER sip:x SIP/2.0\r\n{}", "h: 1\r\n".repeat(30));
        let told = story_text(&story(&message), &Logs, 0, false);
        assert_eq!((told.matches("| o").count(), told.matches("| h").count()), (LINES_MAX, LINES_MAX - 2));
    }

    #[test]
    fn a_story_cut_at_its_beginning_says_so() {
        assert!(
            story_text(&story(""), &Logs, 1234, false).contains("… 1,234 earlier events are not shown\n")
        );
    }
}
