//! What Asterisk's two SIP drivers share: the head of a line of its full log, and all the other lines.

use super::super::text::{Stamp, StampForm, decimal, digits, hex};
use super::{Noise, Server};

/// What stands in front of every line of Asterisk's.
#[derive(Debug)]
pub(super) struct Full(Stamp);

impl Full {
    pub(super) fn new() -> Self {
        Self(Stamp::new(StampForm::Plain))
    }

    /// Writes `[2026-10-05 14:03:22] `, the level with the thread behind it, and the source file.
    pub(super) fn head(&mut self, out: &mut Vec<u8>, micros: i64, server: Server, level: &str, file: &str) {
        self.begin(out, micros, server, level);
        out.push(b' ');
        out.extend_from_slice(file.as_bytes());
        out.extend_from_slice(b": ");
    }

    fn begin(&mut self, out: &mut Vec<u8>, micros: i64, server: Server, level: &str) {
        out.push(b'[');
        self.0.write(out, micros);
        out.extend_from_slice(b"] ");
        out.extend_from_slice(level.as_bytes());
        out.push(b'[');
        decimal(out, (4400 + server.process).into());
        out.push(b']');
    }

    /// Calls on their way through the dialplan, and phones that are asked whether they are there.
    pub(super) fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        let Noise { micros, draw, server } = *it;
        let extension = 1000 + (draw >> 8 & 0xfff);
        let channel = |out: &mut Vec<u8>| {
            decimal(out, extension);
            out.push(b'-');
            hex::<8>(out, draw >> 20 & 0xff_ffff);
        };
        if draw & 7 == 7 {
            self.head(out, micros, server, "VERBOSE", "res_pjsip/pjsip_options.c");
            out.extend_from_slice(b"Endpoint ");
            decimal(out, extension);
            out.extend_from_slice(b" is now Reachable\n");
            return;
        }
        self.begin(out, micros, server, "VERBOSE");
        out.extend_from_slice(b"[C-");
        hex::<8>(out, draw >> 24 & 0xff_ffff);
        out.extend_from_slice(b"] ");
        match draw & 7 {
            0 | 1 => {
                out.extend_from_slice(b"pbx.c: Executing [");
                decimal(out, extension);
                out.extend_from_slice(b"@from-internal:");
                decimal(out, draw >> 50 & 31);
                out.extend_from_slice(b"] Set(\"PJSIP/");
                channel(out);
                out.extend_from_slice(b"\", \"CALLERID(number)=");
                digits::<9>(out, draw >> 30);
                out.extend_from_slice(b"\") in new stack");
            }
            2 | 3 => {
                out.extend_from_slice(b"pbx.c: Executing [s@macro-dial-one:");
                decimal(out, draw >> 50 & 63);
                out.extend_from_slice(b"] GotoIf(\"PJSIP/");
                channel(out);
                out.extend_from_slice(b"\", \"0?continue,1\") in new stack");
            }
            4 => {
                out.extend_from_slice(b"app_dial.c: PJSIP/");
                channel(out);
                out.extend_from_slice(b" is ringing");
            }
            5 => {
                out.extend_from_slice(b"bridge_channel.c: Channel PJSIP/");
                channel(out);
                out.extend_from_slice(b" joined 'simple_bridge' basic-bridge <");
                hex::<16>(out, draw.rotate_left(11));
                out.push(b'>');
            }
            _ => {
                out.extend_from_slice(b"app_queue.c: Called PJSIP/");
                decimal(out, extension);
                out.extend_from_slice(b" of queue support, ");
                decimal(out, draw >> 50 & 15);
                out.extend_from_slice(b" callers wait");
            }
        }
        out.push(b'\n');
    }
}
