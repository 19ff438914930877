//! The life of one SIP-ID: what the scan kept of it, put in order.
//!
//! There is no second engine here: what a record counts as comes from the observations that the scan
//! made of it, and what is decided from the bill itself. This room only says which records belong
//! together.

mod cycles;
mod devices;
mod own;
mod spelling;
mod ties;

pub use cycles::cycles;
pub use spelling::{meant, suggestions};

use self::devices::Devices;
use self::own::Own;
use self::ties::Ties;
use super::collect::Trace;
use super::plan::{Form, Plan};
use super::scan::Scan;
use super::trace::{OwnLife, Wanted};
use crate::model::{AgentKey, Kind, SipId, Span, Spot, Standing, Story, StoryEvent, StoryItem, Tie, Window};
use crate::platform::Classifier;
use crate::tally::{Entry, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// The SIP-ID that is explained: the likeliest of those asked for of which anything is known, or
/// that `is_listed` knows; the likeliest of all where nothing is known of any.
pub fn chosen<'w>(scan: &Scan, wanted: &'w Wanted, is_listed: impl Fn(&SipId) -> bool) -> Option<&'w SipId> {
    let is_seen = |id: &SipId| {
        scan.traces.iter().any(|trace| trace.user == id.as_bytes())
            || scan.proofs.iter().any(|proof| *proof.user == *id.as_bytes())
            || scan.lives.iter().any(|own| own.user == id.as_bytes())
    };
    let mut ids = wanted.ids().iter();
    ids.clone().find(|id| is_seen(id)).or_else(|| ids.clone().find(|id| is_listed(id))).or_else(|| ids.next())
}

/// What was counted of one user, by name. Looks at everybody.
pub fn entries_of(tally: &Tally, id: &SipId) -> Vec<Entry> {
    let users = tally.in_any_order();
    let place = (0..users.len()).find(|place| users.user(*place) == id.as_bytes());
    place.map(|place| users.get(place).1).unwrap_or_default()
}

/// The story of that SIP-ID without cycles and quotes.
pub fn story<'t>(plan: &Plan, scan: &Scan, id: &SipId, classifier: &Classifier) -> Story<'t> {
    let own = Own::of(plan, scan, id);
    let ties = Ties::of(plan, &own);
    let mut counts = [0; Standing::ALL.len()];
    let mut spellings: BTreeMap<&[u8], u64> = BTreeMap::new();
    for trace in own.traces.iter().filter(|trace| !trace.aor.is_empty()) {
        *spellings.entry(&trace.aor).or_default() += 1;
    }
    let mut events: Vec<StoryEvent> =
        own.traces.iter().map(|trace| event(trace, &own, &ties, classifier)).collect();
    events.sort_by_key(|event| (event.moment, event.spot));
    let devices = find_devices(&mut events, &own);
    for standing in events.iter().filter_map(StoryEvent::counted) {
        counts[standing as usize] += 1;
    }
    let challenges = events.iter().filter(|event| event.is_challenged()).count() as u64;
    let mut items: Vec<StoryItem> = events.into_iter().map(StoryItem::Event).collect();
    let seen = || items.iter().filter(|item| !is_restart(item)).filter_map(StoryItem::moment);
    let (first, last) = (seen().min(), seen().max());
    for own in &own.lives {
        for span in spans(own, &devices) {
            counts[standing_of(&span) as usize] += 1;
            items.push(StoryItem::Span(span));
        }
    }
    items.sort_by_key(|item| (item.moment(), item.spot()));
    let mut spellings: Vec<(Vec<u8>, u64)> =
        spellings.into_iter().map(|(text, count)| (text.to_vec(), count)).collect();
    spellings.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let is_capture = |(_, input): &(u32, &super::plan::Input)| input.form == Form::Capture;
    Story {
        sip_id: id.clone(),
        spellings,
        counts,
        challenges,
        first,
        last,
        devices: devices.finish(),
        items,
        cycles: Vec::new(),
        quotes: BTreeMap::new(),
        captures: (0..).zip(&plan.inputs).filter(is_capture).map(|(rank, _)| rank).collect(),
    }
}

/// Leaves what lies in the window, and of that the newest `most`; says how many earlier ones of the
/// window are gone.
pub fn limit(items: &mut Vec<StoryItem>, window: Option<Window>, most: Option<usize>) -> usize {
    if let Some(window) = window {
        items.retain(|item| item.moment().is_none_or(|moment| window.contains(moment)));
    }
    let gone = items.len().saturating_sub(most.unwrap_or(usize::MAX));
    items.drain(..gone);
    gone
}

/// Every place that the story names.
pub fn spots(story: &Story<'_>) -> BTreeSet<Spot> {
    let mut spots: BTreeSet<Spot> = story.items.iter().map(StoryItem::spot).collect();
    for item in &story.items {
        if let StoryItem::Event(StoryEvent { tie: Some(tie), .. }) = item {
            spots.extend(tie.spot());
        }
    }
    for cycle in &story.cycles {
        spots.extend(cycle.decision.billed.iter().filter_map(|user| user.spot));
        spots.extend(cycle.decision.unbilled.iter().filter_map(|user| user.spot));
        spots.extend(cycle.near_misses.iter().filter_map(|miss| miss.spot()));
    }
    spots
}

/// What one record says and counts as; its device is found later.
fn event(trace: &Trace, own: &Own<'_>, ties: &Ties, classifier: &Classifier) -> StoryEvent {
    let proof = own.proofs.get(&trace.spot);
    let agent = match proof {
        Some(proof) => proof.agent.clone(),
        None => AgentKey {
            text: trace.agent.as_deref().map(Into::into),
            hint: trace.hint,
            is_push_source: trace.is_push_source,
        },
    };
    let is_client = !matches!(trace.kind, Kind::Reply | Kind::Restart);
    let is_registration = proof.is_some_and(|proof| proof.standing == Standing::Accepted);
    let is_told = is_client && (agent.text.is_some() || is_registration);
    StoryEvent {
        spot: trace.spot,
        kind: trace.kind,
        source: trace.source.clone(),
        moment: trace.moment,
        standing: proof.map(|proof| proof.standing),
        tie: ties.of_spot(trace.spot),
        device: None,
        contact: trace.contact.clone(),
        source_ip: trace.source_ip.clone(),
        call_id: trace.call_id.clone(),
        cseq: trace.cseq.clone(),
        verdict: is_told.then(|| classifier.classify(&agent)),
        agent: agent.text.map(|text| text.into_vec()),
        code: trace.code,
        expires_seconds: trace.expires_seconds,
    }
}

/// Finds the device of each event. What another record counts for is of that record's device.
fn find_devices(events: &mut [StoryEvent], own: &Own<'_>) -> Devices {
    let mut devices = Devices::of(&own.traces);
    let mut of_record: BTreeMap<Spot, usize> = BTreeMap::new();
    let is_client = |event: &StoryEvent| !matches!(event.kind, Kind::Reply | Kind::Restart);
    let repeats = |event: &StoryEvent| match event.tie {
        Some(Tie::Repeats(spot)) => Some(spot),
        _ => None,
    };
    for event in events.iter_mut().filter(|event| is_client(event) && repeats(event).is_none()) {
        event.device = devices.note(event);
        of_record.extend(event.device.map(|device| (event.spot, device)));
    }
    for event in events.iter_mut().filter(|event| is_client(event)) {
        if let Some(spot) = repeats(event) {
            event.device = of_record.get(&spot).copied().or_else(|| devices.note(event));
        }
    }
    devices
}

const fn standing_of(span: &Span) -> Standing {
    if span.is_open { Standing::SustainedOpen } else { Standing::SustainedClosed }
}

/// The times through which a binding surely lived.
fn spans<'o>(own: &'o OwnLife, devices: &Devices) -> impl Iterator<Item = Span> + use<'o> {
    let life = own;
    let device = devices.of_contact(&life.contact);
    life.pieces.iter().map(move |piece| Span {
        contact: life.contact.to_vec(),
        begin: piece.begin,
        end: piece.end,
        needs_seconds: life.needs_seconds,
        is_open: piece.is_open,
        spot: piece.spot,
        device,
    })
}

fn is_restart(item: &StoryItem) -> bool {
    matches!(item, StoryItem::Event(event) if event.kind == Kind::Restart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moment;

    fn spans(seconds: &[i64]) -> Vec<StoryItem> {
        let at = |second: &i64| {
            StoryItem::Span(Span {
                contact: Vec::new(),
                begin: Moment::from_seconds(0),
                end: Moment::from_seconds(*second),
                needs_seconds: 60,
                is_open: false,
                spot: Spot { input: 0, offset: 0 },
                device: None,
            })
        };
        seconds.iter().map(at).collect()
    }

    #[test]
    fn the_newest_of_the_window_are_left() {
        let mut items = spans(&[1, 2, 3, 4]);
        let window = Window { start: Moment::from_seconds(2), end: Moment::from_seconds(4) };
        assert_eq!(limit(&mut items, Some(window), Some(1)), 1);
        assert_eq!(items, spans(&[3]));
        assert_eq!(limit(&mut items, None, None), 0);
    }
}
