//! Kamailio in syslog with the recommended `REG-OK` line (`sample-logs/kamailio-reg-ok/registrar.cfg`).

use super::super::text::{Stamp, StampForm, decimal, hex};
use super::{Happening, Layout, Noise, Scan, Server};

/// What stands in front of every line of Kamailio's.
#[derive(Debug)]
pub(super) struct Syslog(Stamp);

impl Syslog {
    pub(super) fn new() -> Self {
        Self(Stamp::new(StampForm::Syslog))
    }

    /// Writes up to the text: `Oct  5 14:03:22 reg1 kamailio[2211]: ` and the level.
    pub(super) fn head(&mut self, out: &mut Vec<u8>, micros: i64, server: Server, level: &str) {
        self.0.write(out, micros);
        out.extend_from_slice(b" reg");
        decimal(out, server.host.into());
        out.extend_from_slice(b" kamailio[");
        decimal(out, (2210 + server.process).into());
        out.extend_from_slice(b"]: ");
        out.extend_from_slice(level.as_bytes());
    }

    /// A refusal of the registrar's own: it stands in no script.
    pub(super) fn too_many_contacts(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.head(out, it.micros, it.server, "ERROR: registrar [save.c:535]: insert_contacts(): ");
        out.extend_from_slice(b"too many contacts (n:3 max:3) for AOR <");
        it.sip_id(out);
        out.extend_from_slice(b">\n");
    }

    /// Calls, checks of the media servers and complaints of modules.
    pub(super) fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        let Noise { micros, draw, server } = *it;
        let call = |out: &mut Vec<u8>| hex::<16>(out, draw.rotate_left(9));
        let extension = draw >> 8 & 0xfff;
        match draw & 7 {
            0..=2 => {
                self.head(out, micros, server, "INFO: <script>: call ");
                call(out);
                out.extend_from_slice(b" from sip:");
                decimal(out, 1000 + extension);
                out.extend_from_slice(b"@example.com to sip:");
                decimal(out, 420_000_000_000 + (draw >> 20 & 0xffff_ffff) % 1_000_000_000);
                out.extend_from_slice(b"@example.com routed to the media servers of zone ");
                decimal(out, extension % 5);
                out.extend_from_slice(b" with 2 candidates and codec list PCMA,opus,telephone-event");
            }
            3 => {
                self.head(out, micros, server, "INFO: <script>: OPTIONS keepalive from 198.18.");
                decimal(out, draw >> 24 & 255);
                out.push(b'.');
                decimal(out, draw >> 32 & 255);
                out.extend_from_slice(b":5060 answered, round trip ");
                decimal(out, extension % 400);
                out.extend_from_slice(b" ms");
            }
            4 => {
                self.head(out, micros, server, "INFO: <script>: BYE for call ");
                call(out);
                out.extend_from_slice(b" after ");
                decimal(out, extension);
                out.extend_from_slice(
                    b" s, cause 16, 2 streams of audio relayed in both directions, 0 packets lost, jitter 3 ms",
                );
            }
            5 => {
                self.head(
                    out,
                    micros,
                    server,
                    "NOTICE: dialog [dlg_hash.c:252]: dlg_clean_run(): dialog in delete state is too old (",
                );
                call(out);
                out.extend_from_slice(b" ref 1)");
            }
            6 => {
                self.head(
                    out,
                    micros,
                    server,
                    "WARNING: tm [t_fwd.c:1603]: t_send_branch(): sending request on branch ",
                );
                decimal(out, extension % 4);
                out.extend_from_slice(b" failed, trying the next destination of set ");
                decimal(out, extension % 40);
            }
            _ => {
                self.head(out, micros, server, "INFO: <script>: SUBSCRIBE for presence of sip:");
                decimal(out, 1000 + extension);
                out.extend_from_slice(b"@example.com refreshed until ");
                decimal(out, micros.unsigned_abs() / 1_000_000 + 600);
                out.extend_from_slice(b", watcher state active, ");
                decimal(out, extension % 9);
                out.extend_from_slice(b" documents published");
            }
        }
        out.push(b'\n');
    }
}

/// The recommended line.
#[derive(Debug)]
pub(super) struct RegOk(Syslog);

impl RegOk {
    pub(super) fn new() -> Self {
        Self(Syslog::new())
    }

    fn line(&mut self, out: &mut Vec<u8>, it: &Happening<'_>, expires_seconds: u32) {
        self.0.head(out, it.micros, it.server, "NOTICE: <script>: REG-OK t=");
        decimal(out, it.micros.unsigned_abs() / 1_000_000);
        out.extend_from_slice(b" src=");
        it.device.address(out);
        out.extend_from_slice(b" aor=");
        it.sip_id(out);
        out.extend_from_slice(b" exp=");
        decimal(out, expires_seconds.into());
        out.extend_from_slice(b" cs=");
        decimal(out, it.cseq);
        out.extend_from_slice(b" ci=");
        it.device.call_id(out);
        out.extend_from_slice(b" ct=<");
        it.device.contact(out);
        out.extend_from_slice(b"> ua=");
        out.extend_from_slice(it.device.agent.text.as_bytes());
        out.push(b'\n');
    }
}

impl Layout for RegOk {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.line(out, it, it.expires_seconds);
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.line(out, it, 0);
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.too_many_contacts(out, it);
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.0.head(out, it.micros, it.server, "NOTICE: <script>: REGISTER from sip:");
        it.sip_id(out);
        out.extend_from_slice(b" (IP:");
        it.address_and_port(out);
        out.extend_from_slice(b")\n");
    }

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        self.0.noise(out, it);
    }
}
