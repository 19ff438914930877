//! The survey: looks into every input and makes the plan.

mod dating;
mod sample;

use super::clock::{Clock, Years};
use super::duplicates::{self, Candidate, Duplicate, START_LEN};
use super::fold::{self, Jumps};
use super::plan::{Form, Input, Plan, PlanError, Spool, mixed};
use super::rank::{rank, server_directory};
use super::scan::InputCounts;
use super::setup::{Setup, SourceRule, YearRule};
use super::years::{END_LEN, Walk, Whole};
use crate::formats::frame::Scratch;
use crate::model::{Moment, Stamp};
use crate::read::{
    Change, Codec, Found, InputError, Opened, OwnedBlock, Source, Stream, check_text, discover, is_capture,
};
use dating::{
    FirstYear, first_years, may_reach, may_walk_on_behind, may_walk_on_between, own_year, with_holes,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use sample::{Sample, take_sample};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A plain file without years that is as long is walked over when it is read, and by its ends before.
const ENDS_MIN: usize = 2 * END_LEN;
/// How much of an input is looked at.
const SAMPLE_LEN: usize = START_LEN;
/// So far the first record of an input is looked for.
const FIRST_SOUGHT: usize = 16 << 20;
/// How much text of all inputs the plan shows.
const SAMPLE_SHOWN: usize = 16 << 10;

/// What one look into an input told.
struct Look {
    found: Found,
    codec: Codec,
    raw_bytes: Option<u64>,
    /// What a file was like then.
    opened: Option<Opened>,
    begun: Option<(Stream, Option<OwnedBlock>)>,
    spool: Option<Spool>,
    is_cut: bool,
    /// Decoded bytes, where known without decoding.
    mapped_bytes: Option<u64>,
    /// Digest of the decoded start.
    start: Option<blake3::Hash>,
    sample: Sample,
    walk: Walk,
    /// Only the start was walked over, or the ends were, and tell the first year.
    walks_on: bool,
    /// Of stamps with a full date and no zone.
    jumps: Jumps,
}

/// Finds the inputs behind the paths and plans how to read them.
///
/// # Errors
///
/// An input that cannot be read (unless `goes_on`, which puts it on the plan's list instead), or
/// a clock that cannot be known.
pub fn survey(paths: &[PathBuf], setup: &Setup, goes_on: bool) -> Result<Plan, PlanError> {
    let discovery = discover(paths)?;
    let mut notes = discovery.notes;
    let mut unreadable = Vec::new();
    // A scan that begins anew finds a pipe empty.
    let can_begin_anew = discovery.found.iter().all(Found::is_file);
    let shown_len = SAMPLE_SHOWN / discovery.found.len().max(1);
    let look = |(found, inode)| {
        look(found, inode, setup, shown_len, !goes_on && !setup.walks_first && can_begin_anew)
    };
    // A pipe may keep the survey waiting while others are rotated.
    let inodes: Vec<_> = discovery.found.iter().map(Found::inode).collect();
    let looks: Vec<Result<Look, PlanError>> = discovery.found.into_par_iter().zip(inodes).map(look).collect();
    let mut readable = Vec::new();
    for result in looks {
        match result {
            Ok(look) => readable.push(look),
            // A stray binary file in a directory is no log; one that is named was meant.
            Err(PlanError::Input(error @ InputError::NotText { .. })) if !is_named(&error, paths) => {
                notes.push(format!("{error} (passed over)"));
            }
            Err(PlanError::Input(error)) if goes_on => unreadable.push(error),
            Err(error) => return Err(error),
        }
    }
    // Its domain and its zone are then nobody's, which shows in a bill only as users that are missing.
    let is_idle = |rule: &&SourceRule| !readable.iter().any(|look| rule.fits(&look.found));
    notes.extend(setup.sources.iter().filter(is_idle).map(|rule| {
        format!(
            "[[source]] {}: no input has such a path; paths are those below the directory that is named, so name the \
             directory",
            rule.shown
        )
    }));
    let (readable, duplicates) = without_duplicates(readable, setup);
    notes.extend(duplicates.iter().map(|Duplicate { file, same_as }| match file == same_as {
        true => format!("{file}: given twice with the same content; read once"),
        false => format!("{file}: holds the same as {same_as}, which is read instead"),
    }));
    let mut readable = readable;
    let lacks_year = |look: &Look| look.sample.has_yearless && own_year(look, setup).is_none();
    if readable.iter().any(lacks_year) {
        // Its siblings may tell, from their first stamps to their last.
        readable.par_iter_mut().filter(|look| look.walks_on).try_for_each(|look| look.walk_whole(setup))?;
    }
    // Where the files of a rotation leave a hole in the year that was given, it has to be known how far each reaches.
    let unsure = with_holes(&readable, setup);
    let unsure = readable.par_iter_mut().zip(unsure).filter(|(look, is_unsure)| *is_unsure && look.walks_on);
    unsure.try_for_each(|(look, _)| look.walk_whole(setup))?;
    if let Some(look) = readable.iter().find(|look| look.sample.is_mixed) {
        let shown = look.found.shown.clone();
        // An audit shows what there is.
        if !setup.assumes_utc {
            return Err(PlanError::Mixed { shown });
        }
        notes.push(mixed(&shown));
    }
    let sample = readable.iter().flat_map(|look| &look.sample.shown).copied().collect();
    let (mut inputs, mut without_zone) = (Vec::new(), Vec::new());
    let years = first_years(&readable, setup);
    for (look, year) in readable.into_iter().zip(years) {
        inputs.push(plan_input(look, year, setup, &mut without_zone)?);
    }
    let inputs = rank(inputs, |found| setup.rule_of(found));
    without_zone.sort();
    notes.extend(zone_note(&without_zone));
    notes.sort();
    notes.dedup();
    Ok(Plan { inputs, duplicates, notes, unreadable, sample, can_begin_anew })
}

/// Takes what a scan has seen of the inputs' stamps: full dates without a zone may stand behind a start that has none.
///
/// # Errors
///
/// Such dates where nobody has said their zone, and none is assumed.
pub fn learn_zones(plan: &mut Plan, seen: &[InputCounts], setup: &Setup) -> Result<(), PlanError> {
    let mut without_zone = Vec::new();
    for (input, _) in plan.inputs.iter_mut().zip(seen).filter(|(_, counts)| counts.has_local) {
        if input.lacks_zone && !setup.assumes_utc {
            return Err(PlanError::NoZone { shown: input.found.shown.clone() });
        }
        if input.lacks_zone {
            without_zone.push(input.found.shown.clone());
        }
        input.is_zoneless = true;
    }
    plan.notes.extend(zone_note(&without_zone));
    Ok(())
}

/// What the user should know of those inputs.
fn zone_note(without_zone: &[String]) -> Option<String> {
    let (first, others) = without_zone.split_first()?;
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Some(format!("{first}{more}: stamps carry no zone; UTC is assumed (--log-zone names another)"))
}

fn is_named(error: &InputError, paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| path == error.path())
}

/// Each content once, and what was left out.
fn without_duplicates(looks: Vec<Look>, setup: &Setup) -> (Vec<Look>, Vec<Duplicate>) {
    let candidates: Vec<Candidate<'_>> = looks.iter().map(|look| look.candidate(setup)).collect();
    let instead = duplicates::find(&candidates);
    let shown: Vec<String> = looks.iter().map(|look| look.found.shown.clone()).collect();
    let mut duplicates = Vec::new();
    let mut kept = Vec::new();
    for (look, instead) in looks.into_iter().zip(instead) {
        match instead {
            Some(other) => {
                duplicates.push(Duplicate { file: look.found.shown, same_as: shown[other].clone() });
            }
            None => kept.push(look),
        }
    }
    duplicates.sort();
    (kept, duplicates)
}

impl Look {
    fn candidate(&self, setup: &Setup) -> Candidate<'_> {
        let is_file = self.found.is_file();
        Candidate {
            to_open: match &self.spool {
                Some(spool) => Some((spool.found(&self.found), None)),
                None => is_file.then(|| (self.found.clone(), self.opened.as_ref())),
            },
            found: &self.found,
            codec: self.codec,
            start: self.start,
            bytes: self.mapped_bytes,
            rule: setup.rule_of(&self.found),
        }
    }
}

/// Opens one of the files that were listed, `inode` having been behind the path then, and looks into it.
fn look(
    found: Found,
    inode: Option<[u64; 2]>,
    setup: &Setup,
    shown_len: usize,
    may_walk_on: bool,
) -> Result<Look, PlanError> {
    let mut scratch = Scratch::default();
    let (mut walk, mut walks_on, mut jumps) = (Walk::default(), false, Jumps::default());
    let zone = setup.zone_of(&found).unwrap_or(TimeZone::UTC);
    let (mut begun, mut spool, codec, mut sample);
    let raw_bytes;
    let (mut is_cut, mut mapped_bytes) = (false, None);
    let start_digest;
    let told = setup.walk_of(&found.path);
    let is_yearless = told.is_some();
    let may_walk_on = may_walk_on && !is_yearless;
    let sample_of = |start: &[u8], scratch: &mut Scratch| {
        let mut sample = take_sample(start, shown_len, scratch);
        sample.has_yearless |= is_yearless;
        sample
    };
    // Who has the name by now is not the one that was listed; that one may be behind a name that was not. So soon behind the
    // listing a number that a file system made up anew is not to be expected. To open a pipe would wait for its writer.
    let replaced = || InputError::Changed { path: found.path.clone(), how: Change::Replaced };
    if inode.is_some() && found.path.exists() && !found.is_file() {
        return Err(replaced().into());
    }
    let source = Source::open(&found)?;
    let opened = source.opened().cloned();
    if opened.as_ref().is_some_and(|opened| inode.is_some_and(|inode| opened.inode() != inode)) {
        return Err(replaced().into());
    }
    match source {
        Source::Mapped(mapped) => {
            let bytes = mapped.bytes();
            check_form(&found.path, bytes)?;
            let mut seen = sample_of(bytes, &mut scratch);
            if seen.lacks_record() {
                let sought = &bytes[..bytes.len().min(FIRST_SOUGHT)];
                let seen_len = sought.len().min(SAMPLE_LEN);
                let begin = memchr::memrchr(b'\n', &sought[..seen_len]).map_or(0, |at| at + 1);
                seen.seek_record(&sought[begin..], begin as u64, &mut scratch);
            }
            sample = seen;
            start_digest = duplicates::start_digest(bytes);
            if sample.has_yearless {
                let mut ends = Walk::default();
                let wants_anchor = !matches!(setup.year, YearRule::Given(_));
                if bytes.len() >= ENDS_MIN
                    && may_walk_on
                    && ends.ends(bytes, wants_anchor)
                    && may_walk_on_between(&ends, setup, &zone)
                {
                    (walk, walks_on) = (ends, true);
                } else {
                    walk.file(bytes);
                    if walk.is_empty() {
                        walk.records(bytes, 0);
                    }
                }
            } else if sample.puts_back(&zone, last_local(bytes)) {
                jumps.lines(bytes, 0);
            }
            mapped_bytes = Some(bytes.len() as u64);
            raw_bytes = mapped_bytes;
            (begun, spool, codec) = (None, None, Codec::Plain);
        }
        Source::Stream(mut stream) => {
            if setup.forgives_cuts {
                stream.forgive_cut();
            }
            let first = stream.next_block(SAMPLE_LEN)?;
            let start = first.as_ref().map_or(&[][..], |block| &block.bytes);
            check_form(&found.path, start)?;
            let mut seen = sample_of(start, &mut scratch);
            start_digest = duplicates::start_digest(start);
            codec = stream.codec();
            raw_bytes = stream.raw_bytes();
            (begun, spool) = (None, None);
            // A file can be opened again; what cannot is kept, or copied where it must be read twice.
            let is_file = found.is_file();
            if is_file && seen.lacks_record() {
                seek_record(&found, opened.as_ref(), &mut seen, &mut scratch)?;
            }
            sample = seen;
            let start = first.as_ref().filter(|_| sample.has_yearless).map(walk_of);
            let is_behind = start.as_ref().is_some_and(Walk::is_empty) && !is_yearless;
            if let Some(start) = start
                && (is_file && may_walk_on && may_walk_on_behind(&start, &found, setup, &zone))
            {
                (walk, walks_on) = (start, true);
            }
            // Where the hour is that a zone repeats, only the order of the records tells.
            let wants_jumps =
                !sample.has_yearless && sample.puts_back(&zone, may_reach(&found, &sample, &zone));
            if wants_jumps || (sample.has_yearless && !walks_on) {
                let mut copy = if is_file { None } else { Some(temporary()?) };
                let mut next = first;
                let mut whole = Whole::default();
                let mut tell = |bytes: &[u8], offset| match is_behind {
                    true => walk.records(bytes, offset),
                    false => walk.block(bytes, offset),
                };
                while let Some(block) = next {
                    match wants_jumps {
                        true => jumps.lines(&block.bytes, block.offset),
                        false => whole.take(&block.bytes, &mut tell),
                    }
                    if let Some(copy) = &mut copy {
                        copy.write_all(&block.bytes).map_err(|cause| spool_error(copy.path(), cause))?;
                    }
                    stream.recycle(block.bytes);
                    next = stream.next_block(1 << 20)?;
                }
                whole.finish(&mut tell);
                spool = copy.map(Spool);
                is_cut = stream.is_cut();
            } else if !is_file {
                begun = Some((stream, first));
            }
        }
    }
    // Only an operator's pattern knows where they stand.
    if let Some(told) = told.filter(|_| walk.is_empty()) {
        walk = told.clone();
        sample.first = sample.first.or(walk.span().map(|(first, ..)| (Stamp::Yearless(first), 0)));
    }
    Ok(Look {
        found,
        codec,
        raw_bytes,
        opened,
        begun,
        spool,
        is_cut,
        mapped_bytes,
        start: start_digest,
        sample,
        walk,
        walks_on,
        jumps,
    })
}

/// Looks for the first record with a stamp in a compressed log that has none where it begins.
fn seek_record(
    found: &Found,
    opened: Option<&Opened>,
    sample: &mut Sample,
    scratch: &mut Scratch,
) -> Result<(), InputError> {
    let Source::Stream(mut stream) = Source::open_again(found, opened)? else { return Ok(()) };
    // What is wrong further on shows when it is read.
    while let Ok(Some(block)) = stream.next_block(1 << 20)
        && sample.lacks_record()
        && block.offset < FIRST_SOUGHT as u64
    {
        sample.seek_record(&block.bytes, block.offset, scratch);
        stream.recycle(block.bytes);
    }
    Ok(())
}

fn walk_of(block: &OwnedBlock) -> Walk {
    let mut walk = Walk::default();
    walk.block(&block.bytes, block.offset);
    walk
}

impl Look {
    /// Walks through all of a log of which only the start was, or the ends were.
    fn walk_whole(&mut self, setup: &Setup) -> Result<(), InputError> {
        let mut stream = match Source::open_again(&self.found, self.opened.as_ref())? {
            Source::Stream(stream) => stream,
            Source::Mapped(mapped) => {
                (self.walk, self.walks_on) = (Walk::default(), false);
                self.walk.file(mapped.bytes());
                return Ok(());
            }
        };
        if setup.forgives_cuts {
            stream.forgive_cut();
        }
        (self.walk, self.walks_on) = (Walk::default(), false);
        let mut whole = Whole::default();
        let mut tell = |bytes: &[u8], offset| self.walk.block(bytes, offset);
        while let Some(block) = stream.next_block(1 << 20)? {
            whole.take(&block.bytes, &mut tell);
            stream.recycle(block.bytes);
        }
        whole.finish(&mut tell);
        self.is_cut = stream.is_cut();
        Ok(())
    }
}

/// The last full date without a zone in a file.
fn last_local(bytes: &[u8]) -> Option<DateTime> {
    let end = &bytes[bytes.len().saturating_sub(SAMPLE_LEN)..];
    let lines = end.split(|byte| *byte == b'\n').rev();
    lines.filter_map(fold::local_stamp).next().map(super::clock::date_time)
}

fn temporary() -> Result<tempfile::NamedTempFile, PlanError> {
    tempfile::NamedTempFile::new().map_err(|cause| spool_error(&std::env::temp_dir(), cause))
}

fn spool_error(path: &Path, cause: std::io::Error) -> PlanError {
    PlanError::Spool { path: path.to_owned(), cause }
}

/// A log is text; a capture is not, and is read all the same.
fn check_form(path: &Path, start: &[u8]) -> Result<(), InputError> {
    if is_capture(start) { Ok(()) } else { check_text(path, start) }
}

fn plan_input(
    look: Look,
    year: FirstYear,
    setup: &Setup,
    without_zone: &mut Vec<String>,
) -> Result<Input, PlanError> {
    let Look { found, codec, raw_bytes, opened, begun, spool, is_cut, sample, walk, walks_on, jumps, .. } =
        look;
    let rule = setup.rule_of(&found).map(|number| &setup.sources[number]);
    let identity = rule.map_or(&setup.identity, |rule| &rule.identity);
    let given = setup.zone_of(&found);
    let needs_zone = sample.has_local || sample.has_yearless;
    let has_zone = given.is_some();
    let mut clock_rule = Vec::new();
    let zone = match given {
        Some(zone) => zone,
        None if !needs_zone => TimeZone::UTC,
        None if setup.assumes_utc => {
            without_zone.push(found.shown.clone());
            TimeZone::UTC
        }
        None => return Err(PlanError::NoZone { shown: found.shown }),
    };
    if needs_zone {
        clock_rule.push(format!("zone {}", zone.iana_name().unwrap_or("UTC")));
    }
    let assumed = setup.assumed_date.and_then(|day| zone.to_timestamp(day.at(12, 0, 0, 0)).ok());
    if let Some(day) = setup.assumed_date
        && sample.first.is_none()
    {
        clock_rule.push(format!("day {day} on the operator's word"));
    }
    let years = if walk.is_empty() {
        let turns = jumps.turns(&zone, |civil, _| Some(civil));
        Years { turns, ..Years::default() }
    } else {
        let (first, how) = year.ok_or_else(|| PlanError::NoYear { shown: found.shown.clone() })?;
        clock_rule.push(format!("year by {how}"));
        walk.years(first, &zone)
    };
    // The file of a rotation that is older than the newest may have an earlier year than it might.
    let year_bound =
        setup.year_bound().filter(|bound| walk.year_by_bound(*bound) == year.map(|(first, _)| first));
    let first = sample
        .first
        .and_then(|(stamp, offset)| Clock::new(zone.clone(), &years).resolve(stamp, offset).ok().flatten());
    let server = server_directory(&found.path).into_os_string().into_encoded_bytes();
    Ok(Input {
        form: sample.form,
        codec,
        raw_bytes,
        opened,
        stream: 0,
        server: server.into(),
        identity: Arc::new(identity.clone()),
        lives: rule.map_or(setup.lives, |rule| rule.lives),
        zone,
        is_zoneless: needs_zone,
        lacks_zone: !needs_zone && !has_zone,
        has_yearless: sample.has_yearless,
        years,
        walks_on,
        year_bound,
        assumed: assumed.map(Moment::from),
        clock_rule: clock_rule.join(", "),
        allow_bare: !sample.has_framed,
        first: first.filter(|_| sample.form == Form::Log),
        forgives_cuts: setup.forgives_cuts,
        is_cut,
        begun: Mutex::new(begun),
        spool,
        found,
    })
}
