//! siptally: who used the softphone in this cycle, on which platforms, what does that cost, and
//! which line of which log proves it.
//!
//! # The house
//!
//! Data rises from bytes to an invoice through five floors. **A room imports only from floors
//! below; rooms of one floor never meet.** `tests/house` holds the rule.
//!
//! ```text
//!  4  cli        one file per verb; the only room that knows the terminal
//!  3  pipeline   the order of the work; the only place where neighbours meet
//!  2  read  facts  book  report  ledger  generate        the edges: the only rooms that touch a disk; and `suggest`
//!  1  formats  identity  platform  settle  tally  billing  compare      pure: values in, values out
//!  0  model      the nouns everybody shares
//! ```
//!
//! - [`model`] holds the nouns: `Spot`, `Event`, `Moment`, `SipId`, `Verdict`, `Decision`,
//!   `Usage`, `Money`, `Invoice`, and the trait `Sink` through which a lower floor speaks upward.
//! - [`formats`] turns the bytes of a block into events, along two axes kept apart: *frames* (what
//!   syslog, containers and servers put in front) and *messages* (what the text says).
//! - [`identity`] makes the SIP-ID of an AOR, under a registrar's own policy.
//! - [`platform`] reads platform, form and class from a User-Agent and a Contact, by rules that
//!   are data with examples.
//! - [`settle`] does all that depends on order: request and reply halves, retransmissions, User-Agents that come
//!   in a record of their own, bindings that live on in silence.
//! - [`tally`] holds the distinct exact sets and their union.
//! - [`billing`] has the calendar of cycles, the decision who is billed, and rating.
//! - [`compare`] sets what we bill against the other party's list: every row of theirs gets one class.
//! - [`read`] finds, opens, decodes and cuts the inputs, and reads side files.
//! - [`facts`] has the `Part`: what a part of the logs says, ready to be joined with its neighbours.
//! - [`book`] reads the price book, once, into one small policy per room.
//! - [`report`] writes every output, a file each, and moves them in by rename.
//! - [`ledger`] keeps the file of final invoices: an append-only chain of digests, and what it says of a tenant.
//! - [`suggest`] drafts the pattern file for an operator's own lines: pure, and on this floor because it
//!   tries its drafts with `formats`.
//! - [`generate`] writes synthetic logs of any size with the right answer beside them, and reads none.
//! - [`pipeline`] has the order of the work: survey, scan, settle, decide, price.
//! - [`cli`] has the verbs.
//!
//! # The main stream
//!
//! ```text
//! survey   looks into every input: codec, frames, clock, order of siblings        -> Plan
//! scan     per worker, per block: from needle to needle; a hit only makes the line
//!          worth opening from its column 0
//!          a record that proves itself                                            -> Observed
//!          a record that needs its neighbours                                     -> Residue
//! settle   residues in the order of their stream                                  -> Observed
//! count    what was observed, each part of the users by one core, in that order   -> Tally
//! decide   platform, category and reason are functions of (user, client) after the scan
//! rate     quantities and a tariff                                                -> Invoice
//! ```
//!
//! # What never happens
//!
//! - `formats` never fails and never allocates per line. A bad line is data: it is counted,
//!   listed with its reason, and never silent.
//! - `identity` never guesses a domain.
//! - `tally` never approximates; order tells it only which record of a transaction is the one that counts; a hash only
//!   finds the place to compare.
//! - `billing::rate` never sees a SIP-ID, a clock or a float.
//! - Nothing below `cli` prints.
//! - No output depends on thread count, block cuts, hash order, the order of the arguments, locale
//!   or today's date.
//!
//! # Why is it so?
//!
//! **Why is a hit of the search not evidence?** Call-IDs, Contacts and User-Agents are a stranger's
//! text and can hold any literal. Only the start of a record's message counts, and a record in
//! which two places could be that start is rejected.
//!
//! **Why does the residue exist?** A retransmission, a reply, or `Saved useragent` may stand in
//! another block or in the next rotated file. What a block cannot decide alone it hands on, in the
//! order of the stream, so that no cut shows in any output.
//!
//! **Why is the tally in parts?** Each part of the users is filled by one core, in the order of the stream, from what
//! all blocks of a step wrote down for it. So no two cores meet in it, no tallies are joined at the end, and
//! retransmissions are found where their user's memory is near anyway.
//!
//! **Why may a mapped file change?** It cannot be prevented, so it is noticed: what is gone reads as zeros, and no result
//! is believed before the file was asked whether it is still the one that was opened.
//!
//! **Why are clients classified after the scan?** There are a few thousand distinct ones against
//! millions of records; and rules can change without reading the logs again.
//!
//! **Why does a year-less log get walked first?** Its years follow from the order of its stamps
//! (a jump backwards is a new year) and from a bound at its end, so they are known before blocks
//! are read in parallel. Two kinds of log are spared that: a compressed one whose start tells the first year is decoded
//! once, and each block comes with the years up to its end; a long plain one whose ends lie in one year is taken for
//! one without another, and what its lines show is noted while they are read. Where that turns out to be
//! wrong, nothing is believed and the run begins anew with a walk.
//!
//! **Why are some blocks of a mapped log read?** A map costs faults, a read a copy, and which is less differs by machine, by
//! kernel, and by how the file came into memory. So now and then some blocks go both ways by turns, and the
//! others the quicker one. What is scanned in the map is asked for some kilobytes ahead, so that the search need not wait for memory, and
//! given back step by step.
//!
//! **Why is there code for three kinds of registers?** One binary runs everywhere and asks the processor. With the
//! widest ones a chunk of sixty-four bytes is searched and marked in half as many steps, and a text of up to
//! sixty-four bytes is hashed and compared in one, however long it is; without any, the general ways say the same.

pub mod billing;
pub mod book;
pub mod cli;
pub mod compare;
pub mod facts;
pub mod formats;
pub mod generate;
pub mod identity;
pub mod ledger;
pub mod model;
pub mod pipeline;
pub mod platform;
pub mod read;
pub mod report;
pub mod settle;
pub mod suggest;
pub mod tally;
