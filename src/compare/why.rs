//! Why we do not bill what they do.

use super::difference::{Proof, Setting};
use super::ours::{Elsewhere, OurRefusal, OurUser, Side};
use crate::model::{Category, Moment, Reason};

/// A reason's name, a sentence, and what shows it.
pub(super) struct Why {
    pub reason: &'static str,
    pub detail: String,
    pub proof: Proof,
}

/// Why the user is not billed in that category (or, where none is named, in any).
///
/// What the book says of something seen in the cycle comes first, then activity outside the cycle, then what is
/// no activity, and where nothing at all was seen it matters whether the logs are whole.
pub(super) fn why(user: Option<&OurUser>, category: Option<Category>, setting: &Setting<'_>) -> Why {
    let refusals = || user.into_iter().flat_map(|user| &user.refusals);
    let near = || refusals().filter(|refusal| is_about(refusal, category));
    if let Some(refusal) = near().find(|refusal| !is_no_activity(refusal.reason)) {
        return of_refusal(refusal);
    }
    let elsewhere = user.into_iter().flat_map(|user| &user.elsewhere);
    let elsewhere: Vec<&Elsewhere> =
        elsewhere.filter(|it| category.is_none_or(|category| it.category == category)).collect();
    if !elsewhere.is_empty() {
        return outside(&elsewhere, setting);
    }
    if let Some(refusal) = near().next() {
        return of_refusal(refusal);
    }
    let is_seen = user.is_some_and(|user| !user.charges.is_empty() || !user.refusals.is_empty());
    let fact = match (is_seen, category) {
        (true, Some(category)) => format!("seen in the cycle, but with nothing that makes a {category} user"),
        _ => "no record of the cycle names this user".to_owned(),
    };
    match setting.gap {
        Some(gap) => Why { reason: "coverage_gap", detail: format!("{fact}; {gap}"), proof: Proof::Coverage },
        None => {
            let detail = format!("{fact}, and no host was silent for long");
            Why { reason: "full_coverage", detail, proof: Proof::Coverage }
        }
    }
}

/// Whether it tells something of that category.
fn is_about(refusal: &OurRefusal, category: Option<Category>) -> bool {
    let Some(category) = category else { return true };
    let is_registration = |category| matches!(category, Category::Generic | Category::Desktop);
    match (refusal.would_be, refusal.reason) {
        (Some(would_be), _) => {
            would_be == category || (is_registration(would_be) && is_registration(category))
        }
        (None, Reason::PlatformNotBilled | Reason::PlatformUnknown | Reason::NoAgent) => {
            is_registration(category)
        }
        (None, _) => true,
    }
}

/// What a client gets without ever being let in, or on its way out.
const fn is_no_activity(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::OnlyRefused | Reason::OnlyDeregistered | Reason::OnlyFetched | Reason::OnlyExpired
    )
}

fn of_refusal(refusal: &OurRefusal) -> Why {
    let reason = match refusal.reason {
        Reason::PushIgnored => "only_push",
        other => other.name(),
    };
    let seen = match (refusal.count, refusal.first_seen) {
        (0, _) | (_, None) => String::new(),
        (1, Some(first)) => format!(" (once, {first})"),
        (count, Some(first)) => format!(" ({count} times, first {first})"),
    };
    Why { reason, detail: format!("{}{seen}", refusal.reason.sentence()), proof: refusal_proof(refusal) }
}

/// What shows that something was seen and not charged.
pub(super) fn refusal_proof(refusal: &OurRefusal) -> Proof {
    match (refusal.spot, refusal.side_file_line, refusal.would_be) {
        (Some(spot), ..) => Proof::Record { kind: "line", spot },
        (None, Some(line), Some(category)) => Proof::SideFile { category, line },
        _ => Proof::Nothing,
    }
}

fn outside(elsewhere: &[&Elsewhere], setting: &Setting<'_>) -> Why {
    let window = setting.cycle.window;
    let on = |side: Side| {
        let moments = elsewhere.iter().filter(move |it| it.side == side).filter_map(|it| it.nearest);
        if side == Side::Before { moments.max() } else { moments.min() }
    };
    let is_listed = elsewhere.iter().all(|it| it.spot.is_none());
    let seen = if is_listed { "listed" } else { "seen" };
    let before =
        on(Side::Before).map(|last| format!("last {seen} {} before the cycle", span(last, window.start)));
    let after = on(Side::After).map(|first| match first == window.end {
        true => format!("first {seen} at the first instant after the cycle"),
        false => format!("first {seen} {} after the cycle's end", span(window.end, first)),
    });
    let texts: Vec<String> = before.into_iter().chain(after).collect();
    let detail = match texts.is_empty() {
        true => "only in other cycles".to_owned(),
        false => texts.join(", and "),
    };
    // The nearest of those that can be shown.
    let distance = |it: &Elsewhere| {
        it.nearest.map_or(i64::MAX, |moment| match it.side {
            Side::Before => window.start.micros() - moment.micros(),
            Side::After => moment.micros() - window.end.micros(),
        })
    };
    let nearest = elsewhere.iter().min_by_key(|it| (distance(it), it.side, it.spot));
    let proof = nearest.map_or(Proof::Nothing, |it| match (it.spot, it.side_file_line) {
        (Some(spot), _) => Proof::Record { kind: it.evidence.name(), spot },
        (None, Some(line)) => Proof::SideFile { category: it.category, line },
        (None, None) => Proof::Nothing,
    });
    Why { reason: "only_outside_cycle", detail, proof }
}

/// A length of time in words: `40 minutes`, `2 days 3 hours`.
fn span(from: Moment, until: Moment) -> String {
    let seconds = (until.micros() - from.micros()).max(0) / 1_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let plural = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => "less than a second".to_owned(),
        (0, 0, 0) => plural(seconds, "second"),
        (0, 0, _) => plural(minutes, "minute"),
        (0, _, 0) => plural(hours, "hour"),
        (0, _, _) => format!("{} {}", plural(hours, "hour"), plural(minutes, "minute")),
        (_, 0, _) => plural(days, "day"),
        _ => format!("{} {}", plural(days, "day"), plural(hours, "hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let text = |seconds| span(Moment::from_seconds(0), Moment::from_seconds(seconds));
        assert_eq!(
            [0, 1, 59, 2_400, 3_600, 7_260, 86_400, 183_600].map(text),
            [
                "less than a second",
                "1 second",
                "59 seconds",
                "40 minutes",
                "1 hour",
                "2 hours 1 minute",
                "1 day",
                "2 days 3 hours"
            ]
        );
    }
}
