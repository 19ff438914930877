//! The settlers of the servers, each from its server's first stream to its last.

use super::plan::{Form, Plan};
use crate::settle::Settler;
use std::collections::HashMap;

/// What is known of each server while its streams are read.
///
/// A server's streams mostly follow each other; they need not.
#[derive(Debug)]
pub(super) struct Servers<'p> {
    waiting: HashMap<&'p [u8], Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    streams_left: usize,
    has_dumps: bool,
    settler: Option<Settler>,
}

impl<'p> Servers<'p> {
    /// The servers of a plan, none of them begun.
    pub fn of(plan: &'p Plan) -> Self {
        let mut waiting: HashMap<&[u8], Waiting> = HashMap::new();
        for stream in plan.inputs.chunk_by(|a, b| a.stream == b.stream) {
            let server = waiting.entry(&stream[0].server).or_default();
            server.streams_left += 1;
            server.has_dumps |= stream.iter().any(|input| input.form == Form::Snapshot);
        }
        Self { waiting }
    }

    /// The settler for the server's next stream.
    pub fn take(&mut self, server: &[u8]) -> Settler {
        match self.waiting.get_mut(server) {
            Some(waiting) => waiting.settler.take().unwrap_or_else(|| Settler::with_dumps(waiting.has_dumps)),
            None => Settler::default(),
        }
    }

    /// Takes the settler back at a stream's end; gives it out where that stream was the last.
    pub fn put_back(&mut self, server: &[u8], settler: Settler) -> Option<Settler> {
        let Some(waiting) = self.waiting.get_mut(server) else { return Some(settler) };
        waiting.streams_left -= 1;
        if waiting.streams_left == 0 {
            return Some(settler);
        }
        waiting.settler = Some(settler);
        None
    }
}
