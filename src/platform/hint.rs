//! What the parameters of a Contact tell: push services, transport, device identifiers.
//!
//! Asked once per line of a log, so it walks from semicolon to semicolon, looks at a parameter's
//! name, allocates nothing, and believes nothing else of the text. Push tokens are credentials of
//! a sort: they are looked at here and leave only a [`Hint`].

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::contact::{
    VALUE_LEN_MAX, bare_value, decoded, is_end, opened, past_quoted, starts_with_ignore_case, user_and_host,
};
use crate::model::Hint;
use crate::model::marks::{WIDTH, marks, marks_any};
use crate::model::wide;

/// The host that browser libraries invent, in the case in which they all write it.
static INVALID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".invalid"));

/// Reads the hint from a Contact in the log's own spelling: with or without brackets, parameters
/// inside or behind them, semicolons also as Asterisk's database writes them (`^3B`).
///
/// Never fails: a text that is no Contact gives [`Hint::None`].
#[inline(always)]
pub fn hint(contact: &[u8]) -> Hint {
    match rare_bytes(contact) {
        None => Hint::None,
        Some(may_be_invalid) => signalled(contact, may_be_invalid),
    }
}

/// The hint from a Contact that has some of what hints need.
#[inline(never)]
fn signalled(contact: &[u8], may_be_invalid: bool) -> Hint {
    let mut signals = Signals::default();
    let mut place = 0;
    let mut has_quotes = true;
    while let Some(step) = memchr::memchr3(b';', b'"', b'^', &contact[place..]) {
        place += step;
        place = match contact[place] {
            b';' => {
                signals.parameter(&contact[place + 1..]);
                place + 1
            }
            b'^' if contact[place..].starts_with(b"^3B") => {
                signals.parameter(&contact[place + 3..]);
                place + 3
            }
            // A display name may hold anything, parameters of other clients too.
            b'"' if has_quotes => match past_quoted(contact, place) {
                Some(behind) => behind,
                // Cut short, or no quote at all; looking again at every later one would make a
                // hostile text cost its length squared.
                None => {
                    has_quotes = false;
                    place + 1
                }
            },
            _ => place + 1,
        };
    }
    // The URI itself is taken apart only where its answer can matter: this runs once per line.
    if signals.has_line || (may_be_invalid && INVALID.find(contact).is_some()) {
        let (user, host) = user_and_host(contact);
        signals.is_invalid_host = host.ends_with(b".invalid");
        signals.is_pbx |= user == b"s" && signals.has_line;
    }
    signals.hint()
}

/// `None` for a Contact without any byte that all hints need: what parameters and quotes begin
/// with, and a letter of `.invalid`, which is rare where users are numbers; else whether it has that.
#[inline(always)]
fn rare_bytes(contact: &[u8]) -> Option<bool> {
    if let Some((starts, letters)) = wide::places(contact, *b";\"^v") {
        return (starts | letters != 0).then_some(letters != 0);
    }
    let (chunks, rest) = contact.as_chunks();
    let mut short = [0; WIDTH];
    // The last chunk may overlap the one before it.
    let last = contact.last_chunk().unwrap_or_else(|| {
        short[..rest.len()].copy_from_slice(rest);
        &short
    });
    let (mut starts, mut letters) = (0, 0);
    let mut look = |chunk| {
        starts |= marks_any(b";\"^", chunk);
        letters |= marks(b'v', chunk);
    };
    chunks.iter().for_each(&mut look);
    look(last);
    (starts | letters != 0).then_some(letters != 0)
}

/// Which service a push parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Push {
    Apple,
    Google,
    OtherMobile,
    Web,
}

/// What has been seen in one Contact.
#[derive(Debug, Default)]
struct Signals {
    /// `pn-provider`, or `pn-type` of the time before RFC 8599.
    push: Option<Push>,
    /// An identifier, token or alert text that only Apple's service has.
    is_apple_shape: bool,
    /// The subset of those that names an app or a token: Firebase can relay to these.
    is_apple_target: bool,
    is_google_shape: bool,
    /// A bundle as its developers' push service names it; tells only beside a token.
    is_bundle: bool,
    /// A push parameter that both mobile systems use.
    is_mobile: bool,
    has_token: bool,
    has_line: bool,
    is_websocket: bool,
    is_invalid_host: bool,
    is_device: bool,
    is_desktop: bool,
    is_pbx: bool,
}

impl Signals {
    /// Takes in the parameter at the start of `text`.
    fn parameter(&mut self, text: &[u8]) {
        // The first letter decides for nearly every parameter of an ordinary Contact.
        let text = text.trim_ascii_start();
        match text.first().map(u8::to_ascii_lowercase) {
            Some(b'p' | b'a' | b't' | b'r' | b'l' | b'g' | b'+') => {}
            _ => return,
        }
        let name_len =
            text.iter().position(|&byte| is_end(byte) || matches!(byte, b'=' | b'^')).unwrap_or(text.len());
        let (name, rest) = text.split_at(name_len);
        let value = rest.strip_prefix(b"=").unwrap_or_default();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());

        if starts_with_ignore_case(name, b"pn-") || is("app-id") {
            let mut buffer = [0; VALUE_LEN_MAX];
            let value = decoded(bare_value(value), &mut buffer);
            self.push_parameter(name, value);
        } else if is("transport") {
            let value = bare_value(value);
            self.is_websocket |= value.eq_ignore_ascii_case(b"ws") || value.eq_ignore_ascii_case(b"wss");
        } else if is("registering_acc") {
            self.is_desktop = true;
        } else if is("line") {
            self.has_line = true;
        } else if is("gw") {
            self.is_pbx = true;
        } else if is("+sip.instance") {
            self.is_device |= is_mac_instance(value);
        } else if is("+u.sip!devicename.ccm.cisco.com") {
            // Jabber's administrators name devices after what they are.
            let device = opened(value);
            self.is_desktop |= device.starts_with(b"CSF");
            self.is_device |= device.starts_with(b"SEP");
            self.is_mobile |= [b"TCT", b"BOT", b"TAB"].iter().any(|kind| device.starts_with(*kind));
        }
    }

    fn push_parameter(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("pn-provider") {
            self.push = service(value).or(self.push);
        } else if is("pn-type") {
            self.push = self.push.or(service(value));
        } else if is("pn-param") {
            self.is_apple_target |= is_apple_app(value);
            self.is_google_shape |= value.len() >= 8 && value.iter().all(u8::is_ascii_digit);
        } else if is("pn-prid") {
            self.is_apple_target |= is_apple_token(value);
            self.is_google_shape |= memmem::find(value, b":APA91b").is_some();
        } else if is("pn-tok") {
            self.has_token = true;
        } else if is("app-id") {
            self.is_bundle = value.ends_with(b".prod") || value.ends_with(b".dev");
        } else if [
            "pn-msg-str",
            "pn-call-str",
            "pn-call-snd",
            "pn-groupchat-str",
            "pn-call-remote-push-interval",
        ]
        .into_iter()
        .any(is)
        {
            self.is_apple_shape = true;
        } else if is("pn-silent") || is("pn-timeout") {
            self.is_mobile = true;
        }
    }

    /// Push parameters first, then transport, then devices: a phone behind a WebSocket is still
    /// a phone.
    fn hint(&self) -> Hint {
        match self.push {
            Some(Push::Google) if self.is_apple_target => return Hint::ApplePush,
            Some(Push::Apple) => return Hint::ApplePush,
            Some(Push::Google) => return Hint::GooglePush,
            Some(Push::OtherMobile) => return Hint::MobilePush,
            Some(Push::Web) => return Hint::Web,
            None => {}
        }
        if self.is_apple_target || self.is_apple_shape || (self.is_bundle && self.has_token) {
            Hint::ApplePush
        } else if self.is_google_shape {
            Hint::GooglePush
        } else if self.is_mobile || self.has_token {
            Hint::MobilePush
        } else if self.is_websocket || self.is_invalid_host {
            Hint::Web
        } else if self.is_device {
            Hint::Device
        } else if self.is_pbx {
            Hint::Pbx
        } else if self.is_desktop {
            Hint::Desktop
        } else {
            Hint::None
        }
    }
}

/// The service that `pn-provider` or `pn-type` names; none for a name that says no system.
fn service(value: &[u8]) -> Option<Push> {
    const SERVICES: [(&str, Push); 10] = [
        ("apns", Push::Apple),
        ("apple", Push::Apple),
        ("fcm", Push::Google),
        ("gcm", Push::Google),
        ("firebase", Push::Google),
        ("google", Push::Google),
        ("android", Push::Google),
        ("wp", Push::OtherMobile),
        ("wp10", Push::OtherMobile),
        ("webpush", Push::Web),
    ];
    // `apns.dev`, `apns-sandbox`: the first word is the service.
    let word = value.split(|byte| matches!(byte, b'.' | b'-')).next().unwrap_or_default();
    SERVICES.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, push)| push)
}

/// `TEAMID.bundle.id`, a team being ten capitals or digits; or the kinds of Apple's own service
/// behind a bundle.
fn is_apple_app(value: &[u8]) -> bool {
    const TEAM_LEN: usize = 10;
    let is_team = value.len() > TEAM_LEN + 1
        && value[..TEAM_LEN].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && value[TEAM_LEN] == b'.'
        && value[TEAM_LEN + 1].is_ascii_alphabetic();
    is_team || [&b".voip"[..], b".remote", b"&voip", b"&remote"].iter().any(|kind| value.ends_with(kind))
}

/// Sixty-four hexadecimal digits and the kind of push they are for.
fn is_apple_token(value: &[u8]) -> bool {
    const TOKEN_LEN: usize = 64;
    value.len() > TOKEN_LEN
        && value[..TOKEN_LEN].iter().all(u8::is_ascii_hexdigit)
        && (value[TOKEN_LEN..].starts_with(b":remote") || value[TOKEN_LEN..].starts_with(b":voip"))
}

/// An instance whose last twelve digits are a maker's MAC address, which embedded devices build
/// out of zeros and that.
fn is_mac_instance(value: &[u8]) -> bool {
    const PREFIX: &[u8] = b"urn:uuid:00000000-";
    const MAC_AT: std::ops::Range<usize> = 33..45;
    let value = opened(value);
    starts_with_ignore_case(value, PREFIX)
        && value.get(MAC_AT).is_some_and(|mac| {
            mac.iter().all(u8::is_ascii_hexdigit) && mac.iter().any(|&digit| digit != b'0')
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX64: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn an_ordinary_contact_tells_nothing() {
        for contact in [
            "<sip:2001@192.0.2.10:7918;rinstance=B3BB3BC5>;expires=600;video",
            "\"alice\" <sip:alice@192.0.2.10:34347;transport=tcp;ob>;reg-id=1;expires=1800",
            "sip:alice@192.0.2.10",
            "*",
            "",
        ] {
            assert_eq!(hint(contact.as_bytes()), Hint::None, "{contact}");
        }
    }

    #[test]
    fn the_push_service_of_rfc_8599_names_the_system() {
        let of =
            |provider: &str| hint(format!("<sip:a@192.0.2.1;pn-provider={provider};pn-prid=x>").as_bytes());
        for apple in ["apns", "apns.dev", "apns-sandbox", "apns.voip", "apple", "APNS", "\"apns\""] {
            assert_eq!(of(apple), Hint::ApplePush, "{apple}");
        }
        for google in ["fcm", "firebase", "android", "FCM"] {
            assert_eq!(of(google), Hint::GooglePush, "{google}");
        }
        assert_eq!(of("wp10"), Hint::MobilePush);
        assert_eq!(of("webpush"), Hint::Web);
        assert_eq!(of("acme"), Hint::None);
    }

    #[test]
    fn a_parameter_may_stand_behind_the_brackets_and_in_capitals() {
        assert_eq!(hint(b"<sip:a@192.0.2.1>;expires=60;PN-Provider=apns"), Hint::ApplePush);
    }

    #[test]
    fn asterisk_writes_semicolons_as_3b() {
        assert_eq!(
            hint(b"sip:2030@192.0.2.10:57109^3Btransport=TLS^3Bpn-provider=apns.dev^3Bpn-param=x"),
            Hint::ApplePush
        );
    }

    #[test]
    fn firebase_that_relays_to_an_ios_app_is_ios() {
        assert_eq!(
            hint(b"<sip:a@192.0.2.1;pn-provider=fcm;pn-param=ABCDE12345.org.example.phone.voip>"),
            Hint::ApplePush
        );
        assert_eq!(
            hint(b"<sip:a@192.0.2.1;pn-provider=fcm;pn-param=929724111839;pn-silent=1>"),
            Hint::GooglePush
        );
    }

    #[test]
    fn a_percent_encoded_token_is_read() {
        let contact = format!("<sip:a@192.0.2.1;pn-prid={HEX64}%3Aremote%26{HEX64}%3Avoip>");
        assert_eq!(hint(contact.as_bytes()), Hint::ApplePush);
        assert_eq!(
            hint(b"<sip:a@192.0.2.1;pn-prid=cPz8oQ0sTn6aVb1xYq2wEr%3AAPA91bExample>"),
            Hint::GooglePush
        );
    }

    #[test]
    fn the_parameters_before_rfc_8599_name_the_system_too() {
        assert_eq!(
            hint(b"<sip:bob@192.0.2.10:5861;app-id=com.example.phone.prod;pn-type=apple;pn-tok=00ff;transport=tcp>"),
            Hint::ApplePush
        );
        assert_eq!(
            hint(b"<sip:carol@192.0.2.10;app-id=project;pn-type=google;pn-tok=00ff>"),
            Hint::GooglePush
        );
        assert_eq!(hint(b"<sip:carol@192.0.2.10;app-id=com.example.phone.dev;pn-tok=00ff>"), Hint::ApplePush);
        assert_eq!(hint(b"<sip:carol@192.0.2.10;pn-tok=00ff>"), Hint::MobilePush);
    }

    #[test]
    fn alert_texts_are_apples_and_a_silent_push_is_either() {
        assert_eq!(hint(b"<sip:a@192.0.2.1;pn-msg-str=IM_MSG;pn-silent=1>"), Hint::ApplePush);
        assert_eq!(hint(b"<sip:a@192.0.2.1;pn-silent=1;pn-timeout=0>"), Hint::MobilePush);
    }

    #[test]
    fn a_websocket_or_an_invalid_host_is_a_browser() {
        assert_eq!(hint(b"<sip:a@192.0.2.1;transport=ws>"), Hint::Web);
        assert_eq!(hint(b"<sip:a@192.0.2.1;transport=WSS>"), Hint::Web);
        assert_eq!(hint(b"<sip:89gn6a0i@c4nuv9hulu9f.invalid>;+sip.ice"), Hint::Web);
        assert_eq!(hint(b"<sip:invalid@192.0.2.1>"), Hint::None);
    }

    #[test]
    fn an_instance_built_on_a_mac_address_is_a_device() {
        assert_eq!(
            hint(b"<sip:erin@192.0.2.10>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-9abcde700065>\""),
            Hint::Device
        );
        for other in [
            "<urn:uuid:00000000-0000-0000-0000-000000000000>",
            "<urn:uuid:5cad9b98-428a-4000-8000-db2b0a10541b>",
            "<urn:uuid:00000000-0000",
        ] {
            let contact = format!("<sip:erin@192.0.2.10>;+sip.instance=\"{other}\"");
            assert_eq!(hint(contact.as_bytes()), Hint::None, "{other}");
        }
    }

    #[test]
    fn a_pbx_that_registers_as_a_client_shows_its_gateway() {
        assert_eq!(hint(b"<sip:s@192.0.2.10:5060;line=abcdefg>"), Hint::Pbx);
        assert_eq!(hint(b"<sip:gw+provider@192.0.2.10:5080;transport=udp;gw=provider>"), Hint::Pbx);
        assert_eq!(hint(b"<sip:s@192.0.2.10:5060>"), Hint::None);
        assert_eq!(hint(b"<sip:sam@192.0.2.10:5060;line=abcdefg>"), Hint::None);
    }

    #[test]
    fn jitsi_tells_that_it_is_a_desktop() {
        assert_eq!(
            hint(b"<sip:dave@192.0.2.10:53697;transport=tcp;registering_acc=sip_example>"),
            Hint::Desktop
        );
    }

    #[test]
    fn jabber_names_its_device_by_kind() {
        let of = |device: &str| {
            hint(format!("<sip:a@192.0.2.1>;+u.sip!devicename.ccm.cisco.com=\"{device}\"").as_bytes())
        };
        assert_eq!(of("CSFALICE"), Hint::Desktop);
        assert_eq!(of("BOTALICE"), Hint::MobilePush);
        assert_eq!(of("SEP00112233"), Hint::Device);
    }

    #[test]
    fn a_display_name_is_not_searched() {
        assert_eq!(hint(br#""x;pn-provider=apns" <sip:a@192.0.2.1>"#), Hint::None);
        assert_eq!(hint(br#""a \";transport=ws" <sip:a@192.0.2.1>"#), Hint::None);
    }

    #[test]
    fn a_quote_that_nothing_closes_hides_no_parameter() {
        assert_eq!(hint(br#"<sip:a@192.0.2.1>;x="cut;pn-provider=apns"#), Hint::ApplePush);
    }

    #[test]
    fn a_phone_behind_a_websocket_is_still_a_phone() {
        assert_eq!(
            hint(b"<sip:a@x.invalid;transport=ws;pn-provider=fcm;pn-param=929724111839>"),
            Hint::GooglePush
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(contact in proptest::collection::vec(any::<u8>(), 0..300)) {
            hint(&contact);
        }

        #[test]
        fn no_heap_of_pieces_makes_it_panic(pieces in proptest::collection::vec(
            prop_oneof![
                Just("<sip:"), Just("s@"), Just(">"), Just(";"), Just("^3B"), Just("^"), Just("\""), Just("\\"), Just("%"),
                Just("%3A"), Just("%3"), Just("pn-prid="), Just("pn-param="), Just("pn-provider="), Just("app-id="),
                Just("ABCDE12345.a"), Just(HEX64), Just("+sip.instance="), Just("urn:uuid:00000000-0000-"), Just("é"),
                Just(".invalid"), Just("transport=ws"), Just("line="), Just("=")
            ],
            0..40,
        )) {
            hint(pieces.concat().as_bytes());
        }

        #[test]
        fn what_stands_before_the_parameters_hides_none_of_them(user in "[a-z0-9.+-]{1,12}", more in "(;[a-z]{1,5}(=[a-z0-9]{1,5})?){0,5}") {
            let contact = format!("<sip:{user}@192.0.2.1{more};pn-provider=apns>");
            prop_assert_eq!(hint(contact.as_bytes()), Hint::ApplePush);
        }
    }
}
