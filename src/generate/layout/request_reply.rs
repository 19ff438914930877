//! Kamailio in syslog with a line for each request and one for its reply (`request_reply.toml` reads them).

use super::super::text::decimal;
use super::kamailio::Syslog;
use super::{Happening, Layout, Noise, Scan};

#[derive(Debug)]
pub(super) struct RequestReply(Syslog);

impl RequestReply {
    pub(super) fn new() -> Self {
        Self(Syslog::new())
    }

    fn pair(&mut self, out: &mut Vec<u8>, it: &Happening<'_>, expires_seconds: u32, code: &str) {
        let Happening { micros, server, device, .. } = it;
        self.0.head(out, *micros, *server, "INFO: <script>: request REGISTER cseq=");
        decimal(out, it.cseq);
        out.extend_from_slice(b" callid=");
        device.call_id(out);
        out.extend_from_slice(b" from ");
        device.address_and_port(out);
        out.extend_from_slice(b" to=sip:");
        it.sip_id(out);
        out.extend_from_slice(b" ct=<");
        device.contact(out);
        out.extend_from_slice(b"> expires=");
        decimal(out, expires_seconds.into());
        out.extend_from_slice(b" ua=");
        out.extend_from_slice(device.agent.text.as_bytes());
        out.push(b'\n');
        self.0.head(out, *micros, *server, "INFO: <script>: reply ");
        out.extend_from_slice(code.as_bytes());
        out.extend_from_slice(b" to REGISTER cseq=");
        decimal(out, it.cseq);
        out.extend_from_slice(b" callid=");
        device.call_id(out);
        out.push(b'\n');
    }
}

impl Layout for RequestReply {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.pair(out, it, it.expires_seconds, "200");
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.pair(out, it, 0, "200");
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.pair(out, it, it.expires_seconds, "403");
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.0.head(out, it.micros, it.server, "INFO: <script>: request REGISTER cseq=1 callid=");
        it.call_id(out);
        out.extend_from_slice(b" from ");
        it.address_and_port(out);
        out.extend_from_slice(b" to=sip:");
        it.sip_id(out);
        out.extend_from_slice(b" ct=<sip:100@");
        it.address_and_port(out);
        out.extend_from_slice(b"> expires=3600 ua=");
        out.extend_from_slice(it.agent.as_bytes());
        out.push(b'\n');
        self.0.head(out, it.micros, it.server, "INFO: <script>: reply 404 to REGISTER cseq=1 callid=");
        it.call_id(out);
        out.push(b'\n');
    }

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        self.0.noise(out, it);
    }
}
