//! The life of one user for programs: one JSON object an event, then one a decision.

use super::Places;
use super::explain_place::Named;
use super::text::{json_safe, json_text};
use crate::model::{
    BilledUser, CycleStory, Device, DeviceName, EvidenceKind, Moment, NearMiss, Platform, Span, Spot,
    Standing, Story, StoryEvent, StoryItem, Tie, UnbilledUser, Verdict,
};
use serde::Serialize;
use std::io::{self, Write};

/// Writes the story's items in their order, then its decisions.
///
/// `type` is `event`, `sustained` (the life of a binding that proves registrations) or `decision`. Times
/// are RFC 3339 in UTC, null where the log has no clock. `line` is null where the record cannot be read
/// again; of a capture `packet` stands in for `line` and `offset`. Texts that are UTF-8 are the texts as
/// written; in others the bytes that are no UTF-8 are `\xHH`.
///
/// # Errors
///
/// What the writer says.
pub fn write_story_ndjson(out: &mut dyn Write, story: &Story<'_>, places: &dyn Places) -> io::Result<()> {
    let named = Named { story, places };
    for item in &story.items {
        match item {
            StoryItem::Event(one) => line(out, &EventLine::of(named, one))?,
            StoryItem::Span(one) => line(out, &SpanLine::of(named, one))?,
        }
    }
    story.cycles.iter().try_for_each(|cycle| line(out, &DecisionLine::of(named, cycle)))
}

fn line(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(object).expect("strings, numbers and lists are JSON");
    writeln!(out, "{}", json_safe(text))
}

/// Where a record stands.
#[derive(Serialize)]
struct Place {
    file: String,
    line: Option<u64>,
    offset: Option<u64>,
    packet: Option<u64>,
}

impl Place {
    fn of(named: Named<'_>, spot: Spot) -> Self {
        let is_capture = named.story.captures.contains(&spot.input);
        Self {
            file: named.places.input(spot).to_owned(),
            line: named.quote(spot).filter(|_| !is_capture).map(|quote| quote.line),
            offset: (!is_capture).then_some(spot.offset),
            packet: is_capture.then_some(spot.offset),
        }
    }
}

#[derive(Serialize)]
struct EventLine<'s> {
    r#type: &'static str,
    sip_id: String,
    time: Option<String>,
    kind: &'static str,
    source: &'s str,
    #[serde(flatten)]
    place: Place,
    counts_as: Option<&'static str>,
    tie: Option<TieCell>,
    device: Option<String>,
    contact: Option<String>,
    source_ip: Option<String>,
    call_id: Option<String>,
    cseq: Option<String>,
    code: Option<u16>,
    expires: Option<u32>,
    user_agent: Option<String>,
    #[serde(flatten)]
    verdict: VerdictCells<'s>,
    raw: Option<String>,
}

/// How the record belongs to another.
#[derive(Serialize)]
struct TieCell {
    kind: &'static str,
    #[serde(flatten)]
    place: Option<Place>,
}

#[derive(Serialize)]
struct VerdictCells<'s> {
    platform: Option<&'static str>,
    class: Option<&'static str>,
    rule: Option<&'s str>,
    is_billable: Option<bool>,
}

impl<'s> VerdictCells<'s> {
    fn of(verdict: Option<&'s Verdict>) -> Self {
        Self {
            platform: verdict.map(|verdict| verdict.platform.name()),
            class: verdict.map(|verdict| verdict.class.name()),
            rule: verdict.map(|verdict| verdict.rule.as_str()),
            is_billable: verdict.map(|verdict| verdict.is_billable),
        }
    }
}

impl<'s> EventLine<'s> {
    fn of(named: Named<'s>, event: &'s StoryEvent) -> Self {
        Self {
            r#type: "event",
            sip_id: named.story.sip_id.escaped(),
            time: time(event.moment),
            kind: event.kind.name(),
            source: &event.source,
            place: Place::of(named, event.spot),
            counts_as: event.counted().map(name_of),
            tie: event.tie.map(|tie| TieCell {
                kind: match tie {
                    Tie::Repeats(_) => "counts_once_with",
                    Tie::AnsweredBy(..) => "answered_by",
                    Tie::Answers(_) => "answers",
                    Tie::Unanswered => "unanswered",
                },
                place: tie.spot().map(|spot| Place::of(named, spot)),
            }),
            device: event.device.map(|device| device_name(&named.story.devices[device])),
            contact: text(&event.contact),
            source_ip: text(&event.source_ip),
            call_id: text(&event.call_id),
            cseq: text(&event.cseq),
            code: event.code,
            expires: event.expires_seconds,
            user_agent: event.agent.as_deref().map(json_text),
            verdict: VerdictCells::of(event.verdict.as_ref()),
            raw: raw(named, event.spot),
        }
    }
}

#[derive(Serialize)]
struct SpanLine {
    r#type: &'static str,
    sip_id: String,
    alive_from: String,
    alive_until: String,
    registered_every_seconds: i64,
    is_open: bool,
    #[serde(flatten)]
    place: Place,
    device: Option<String>,
    contact: Option<String>,
    raw: Option<String>,
}

impl SpanLine {
    fn of(named: Named<'_>, span: &Span) -> Self {
        Self {
            r#type: "sustained",
            sip_id: named.story.sip_id.escaped(),
            alive_from: span.begin.to_string(),
            alive_until: span.end.to_string(),
            registered_every_seconds: span.needs_seconds,
            is_open: span.is_open,
            place: Place::of(named, span.spot),
            device: span.device.map(|device| device_name(&named.story.devices[device])),
            contact: text(&span.contact),
            raw: raw(named, span.spot),
        }
    }
}

#[derive(Serialize)]
struct DecisionLine<'s> {
    r#type: &'static str,
    sip_id: String,
    /// Null where nobody claims the domain.
    tenant: Option<&'s str>,
    cycle_start: String,
    cycle_end: String,
    is_partial: bool,
    billed: Vec<BilledCell<'s>>,
    unbilled: Vec<UnbilledCell>,
    near_misses: Vec<NearCell<'s>>,
    /// The tenant gets no invoice of the cycle, whatever `billed` says.
    is_skipped: bool,
}

impl<'s> DecisionLine<'s> {
    fn of(named: Named<'s>, told: &'s CycleStory<'_>) -> Self {
        Self {
            r#type: "decision",
            sip_id: named.story.sip_id.escaped(),
            tenant: told.tenant.as_deref(),
            cycle_start: told.cycle.first_day.to_string(),
            cycle_end: told.cycle.end_day.to_string(),
            is_partial: told.is_partial,
            billed: told.decision.billed.iter().map(|user| BilledCell::of(named, user)).collect(),
            unbilled: told.decision.unbilled.iter().map(|user| UnbilledCell::of(named, user)).collect(),
            near_misses: told.near_misses.iter().map(|miss| NearCell::of(named, miss)).collect(),
            is_skipped: told.is_skipped,
        }
    }
}

#[derive(Serialize)]
struct BilledCell<'s> {
    category: &'static str,
    platforms: Vec<&'static str>,
    push_only: bool,
    registrations: u64,
    active_days: u32,
    first_seen: Option<String>,
    last_seen: Option<String>,
    user_agents: Vec<String>,
    evidence: &'static str,
    #[serde(flatten)]
    place: Option<Place>,
    side_file: Option<&'s str>,
    side_file_line: Option<u64>,
    raw: Option<String>,
}

impl<'s> BilledCell<'s> {
    fn of(named: Named<'s>, user: &BilledUser<'_>) -> Self {
        let is_side_file = user.evidence == EvidenceKind::SideFile;
        Self {
            category: user.category.name(),
            platforms: user.platforms.iter().map(Platform::name).collect(),
            push_only: user.push_only,
            registrations: user.registrations,
            active_days: user.active_days,
            first_seen: time(user.first_seen),
            last_seen: time(user.last_seen),
            user_agents: user.user_agents.iter().map(|agent| json_text(agent)).collect(),
            evidence: user.evidence.name(),
            place: user.spot.map(|spot| Place::of(named, spot)),
            side_file: is_side_file.then(|| named.places.side_file(user.category)),
            side_file_line: user.side_file_line,
            raw: user.spot.and_then(|spot| raw(named, spot)),
        }
    }
}

#[derive(Serialize)]
struct UnbilledCell {
    reason: &'static str,
    would_be: Option<&'static str>,
    platforms: Vec<&'static str>,
    count: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    user_agents: Vec<String>,
    #[serde(flatten)]
    place: Option<Place>,
    raw: Option<String>,
}

impl UnbilledCell {
    fn of(named: Named<'_>, user: &UnbilledUser<'_>) -> Self {
        Self {
            reason: user.reason.name(),
            would_be: user.would_be.map(|category| category.name()),
            platforms: user.platforms.iter().map(Platform::name).collect(),
            count: user.count,
            first_seen: time(user.first_seen),
            last_seen: time(user.last_seen),
            user_agents: user.user_agents.iter().map(|agent| json_text(agent)).collect(),
            place: user.spot.map(|spot| Place::of(named, spot)),
            raw: user.spot.and_then(|spot| raw(named, spot)),
        }
    }
}

#[derive(Serialize)]
struct NearCell<'s> {
    kind: &'static str,
    seconds: Option<u64>,
    #[serde(flatten)]
    place: Option<Place>,
    user_agent: Option<String>,
    patterns: &'s [String],
}

impl<'s> NearCell<'s> {
    fn of(named: Named<'_>, miss: &'s NearMiss) -> Self {
        let place = miss.spot().map(|spot| Place::of(named, spot));
        match miss {
            NearMiss::Before { seconds, .. } => {
                Self { kind: "before_cycle", seconds: Some(*seconds), place, user_agent: None, patterns: &[] }
            }
            NearMiss::After { seconds, .. } => {
                Self { kind: "after_cycle", seconds: Some(*seconds), place, user_agent: None, patterns: &[] }
            }
            NearMiss::Agent { agent, patterns } => {
                Self { kind: "agent", seconds: None, place, user_agent: Some(json_text(agent)), patterns }
            }
        }
    }
}

fn device_name(device: &Device) -> String {
    match &device.name {
        DeviceName::Instance(text) => format!("instance:{}", json_text(text)),
        DeviceName::Contact(text) => format!("contact:{}", json_text(text)),
        DeviceName::Source(text) => format!("source:{}", json_text(text)),
        DeviceName::Nameless => "nameless".to_owned(),
    }
}

/// What a record counts as, for programs.
const fn name_of(standing: Standing) -> &'static str {
    match standing {
        Standing::Accepted => "accepted",
        Standing::SustainedClosed | Standing::SustainedOpen => "sustained",
        Standing::Unproven => "unproven",
        Standing::Snapshot => "snapshot",
        Standing::Attempted => "attempted",
        Standing::Refused => "refused",
        Standing::Deregistered => "deregistered",
        Standing::Fetched => "fetched",
        Standing::Expired => "expired",
        Standing::MessageSent => "message_sent",
        Standing::Hosted => "hosted",
        Standing::Joined => "joined",
    }
}

fn time(moment: Option<Moment>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}

fn text(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| json_text(bytes))
}

fn raw(named: Named<'_>, spot: Spot) -> Option<String> {
    named.quote(spot).map(|quote| json_text(&quote.text))
}
