//! Several patterns over one log.

use super::{Outcome, Pattern, PatternError, PatternSpec, Scratch};
use crate::model::Event;

/// An operator's patterns, in the order of the book.
///
/// The first that knows a text wins, so the special one stands before the general one.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    each: Vec<Pattern>,
}

impl Patterns {
    /// Makes all patterns ready.
    ///
    /// # Errors
    ///
    /// Every pattern that cannot be used, not only the first.
    pub fn compile(specs: &[PatternSpec]) -> Result<Self, Vec<PatternError>> {
        let (mut each, mut errors) = (Vec::new(), Vec::new());
        for spec in specs {
            match Pattern::compile(spec) {
                Ok(pattern) => each.push(pattern),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { each }) } else { Err(errors) }
    }

    /// The patterns themselves, for their names and needles.
    pub fn each(&self) -> &[Pattern] {
        &self.each
    }

    /// Whether lines of some prove registrations without telling their User-Agents.
    pub fn lack_agents(&self) -> bool {
        self.each.iter().any(|pattern| pattern.proves() && !pattern.tells_agents())
    }

    /// Whether lines of some tell User-Agents of registrations that others prove: other patterns', or where there are none,
    /// built-in ones.
    pub fn have_agents_elsewhere(&self) -> bool {
        let some_lack_it = self.lack_agents() || !self.each.iter().any(Pattern::proves);
        some_lack_it && self.each.iter().any(|pattern| !pattern.proves() && pattern.tells_agents())
    }

    /// Memory to read with: one for each thread.
    pub fn scratch(&self) -> Vec<Scratch> {
        self.each.iter().map(Pattern::scratch).collect()
    }

    /// Reads `text` as [`Pattern::read`] does, with the first pattern that knows it, and says that
    /// pattern's name. A rejection stands only where no later pattern knows the text.
    pub fn read<'t>(
        &'t self,
        text: &'t [u8],
        event: &mut Event<'t>,
        scratch: &'t mut [Scratch],
    ) -> (Outcome, &'t str) {
        let mut rejected = (Outcome::NoMatch, "");
        for (pattern, scratch) in self.each.iter().zip(scratch) {
            match pattern.read(text, event, scratch) {
                Outcome::NoMatch => {}
                reject @ Outcome::Reject(_) if rejected.0 == Outcome::NoMatch => {
                    rejected = (reject, pattern.name());
                }
                Outcome::Reject(_) => {}
                outcome => return (outcome, pattern.name()),
            }
        }
        rejected
    }
}

#[cfg(test)]
mod tests {
    use super::super::PatternEvent;
    use super::*;
    use crate::model::{Kind, RejectReason};

    fn spec(name: &str, regex: &str) -> PatternSpec {
        PatternSpec {
            name: name.into(),
            contains: None,
            regex: Some(regex.into()),
            json: false,
            fields: Default::default(),
            time: None,
            event: PatternEvent::Registration,
            accepted: true,
            origin: "patterns.toml:1".into(),
        }
    }

    fn read(specs: &[PatternSpec], text: &str) -> (Outcome, String) {
        let patterns = Patterns::compile(specs).unwrap();
        let mut scratch = patterns.scratch();
        let mut event = Event::new(Kind::Attempt, "frame");
        let (outcome, name) = patterns.read(text.as_bytes(), &mut event, &mut scratch);
        (outcome, name.to_owned())
    }

    #[test]
    fn the_first_pattern_that_knows_a_text_wins() {
        let specs = [
            spec("one", r"REG (?P<aor>\S+) x"),
            spec("two", r"REG (?P<aor>\S+)"),
            spec("three", r"REG (?P<aor>.*)"),
        ];
        assert_eq!(read(&specs, "REG a@b"), (Outcome::Event, "two".into()));
    }

    #[test]
    fn a_cut_text_is_rejected_only_where_no_other_pattern_knows_it() {
        let specs = [spec("strict", r"REGISTER (?P<aor>\S+) end"), spec("lax", r"REGISTER (?P<aor>\S+) old")];
        assert_eq!(read(&specs, "REGISTER a@b old"), (Outcome::Event, "lax".into()));
        assert_eq!(read(&specs, "REGISTER a@b"), (Outcome::Reject(RejectReason::Truncated), "strict".into()));
    }

    #[test]
    fn user_agents_are_elsewhere_where_what_proves_a_registration_lacks_them() {
        let saved = spec("saved", r"saved (?P<aor>\S+)");
        let told = spec("told", r"saved (?P<aor>\S+) (?P<ua>.*)");
        let asked = PatternSpec { accepted: false, ..spec("asked", r"asked (?P<aor>\S+) (?P<ua>.*)") };
        let mute = PatternSpec { accepted: false, ..spec("mute", r"asked (?P<aor>\S+)") };
        let agent = PatternSpec { event: PatternEvent::Agent, ..asked.clone() };
        let refused = PatternSpec { event: PatternEvent::Refusal, ..asked.clone() };
        let elsewhere = |specs: &[&PatternSpec]| {
            let specs: Vec<PatternSpec> = specs.iter().map(|spec| (*spec).clone()).collect();
            Patterns::compile(&specs).unwrap().have_agents_elsewhere()
        };
        assert!(
            elsewhere(&[&saved, &asked])
                && elsewhere(&[&agent, &saved])
                && elsewhere(&[&told, &saved, &asked])
        );
        assert!(elsewhere(&[&asked]), "a built-in line may prove what lacks it");
        assert!(
            !elsewhere(&[&told, &asked]) && !elsewhere(&[&saved, &mute]) && !elsewhere(&[&saved, &refused])
        );
        assert!(!elsewhere(&[&saved]) && !elsewhere(&[]));
    }

    #[test]
    fn every_bad_pattern_is_named_at_once() {
        let specs = [spec("one", "("), spec("two", r"REG (?P<aor>\S+)"), spec("three", "REG")];
        let names: Vec<_> =
            Patterns::compile(&specs).unwrap_err().into_iter().map(|error| error.name).collect();
        assert_eq!(names, ["one", "three"]);
    }
}
