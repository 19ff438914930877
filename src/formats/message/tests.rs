use super::*;
use crate::formats::frame::{self, Scratch};
use crate::model::{AgentText, Aor, Kind};
use proptest::prelude::*;

/// Kind, AOR, agent and the rest of what a line says, in one comparable text; or why it says nothing.
fn said(line: &str) -> String {
    let mut scratch = Scratch::default();
    let Some(record) = frame::open(line.as_bytes(), &mut scratch, line.starts_with("E_UL")) else {
        return "no frame".to_owned();
    };
    let mut all = Vec::new();
    for start in record.starts.iter() {
        for message in MESSAGES {
            let mut event = Event::new(Kind::Attempt, message.name);
            event.call_id = start.call_id;
            event.cseq = start.cseq;
            let text = &record.text[start.at..];
            let text = Text { text, origin: start.origin, record: &record, marked: None };
            match (message.read)(&text, &mut event) {
                Outcome::NoMatch => {}
                Outcome::Other => all.push("other".to_owned()),
                Outcome::Reject(reason) => all.push(format!("reject {reason}")),
                Outcome::Event => {
                    let needles = message.needles;
                    assert!(
                        needles
                            .iter()
                            .any(|needle| line.as_bytes().windows(needle.len()).any(|at| at == *needle))
                    );
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    let aor = match event.aor {
                        Aor::Uri(uri) => text(uri),
                        Aor::Parts { user, domain } => format!("{}@{}", text(user), text(domain)),
                        Aor::Name(name) => format!("'{}'", text(name)),
                        Aor::Nobody => String::new(),
                    };
                    let agent = match event.agent {
                        AgentText::NotLogged => String::new(),
                        AgentText::Missing => " no agent".to_owned(),
                        AgentText::Text(agent) => format!(" [{}]", text(agent)),
                    };
                    all.push(format!("{:?} {aor}{agent}", event.kind));
                }
            }
        }
    }
    all.join(" | ")
}

fn kamailio(message: &str) -> String {
    said(&format!("Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: {message}"))
}

fn asterisk(file: &str, message: &str) -> String {
    said(&format!("[Oct  5 14:03:22] VERBOSE[1234] {file}: {message}"))
}

#[test]
fn the_recommended_line_is_a_registration() {
    let ok = "REG-OK t=1791209002 src=192.0.2.10 aor=alice@example.com exp=3600 ci=8f1c@192.0.2.10";
    assert_eq!(
        kamailio(&format!("{ok} ct=<sip:alice@192.0.2.10:5060> ua=LinphoneAndroid/5.2.1 (Pixel 8)")),
        "Accepted alice@example.com [LinphoneAndroid/5.2.1 (Pixel 8)]"
    );
    assert_eq!(kamailio(&format!("{ok} ct=<sip:a@x> ua=<null>")), "Accepted alice@example.com no agent");
    assert_eq!(kamailio(&format!("{ok} ct=<sip:a@x> ua=")), "Accepted alice@example.com []");
    assert_eq!(kamailio(&format!("{ok} ct=<sip:a@x>;expires=0 ua=x")), "Deregistered alice@example.com [x]");
    assert_eq!(kamailio(&format!("{ok} ct=<null> ua=x")), "Fetched alice@example.com [x]");
    assert_eq!(kamailio(ok), "reject truncated");
    assert_eq!(
        said("Oct  5 14:03:22 reg2 opensips[1]: NOTICE:REG-OK aor=bob@example.com ua=Bria iOS 6.5.0"),
        "Accepted bob@example.com [Bria iOS 6.5.0]"
    );
}

#[test]
fn a_strangers_fields_do_not_move_the_split() {
    let ok = "REG-OK t=1791209002 src=192.0.2.10 aor=a@example.com exp=3600 ci=";
    assert_eq!(kamailio(&format!("{ok}x ct=<sip:a@b> ua=iPhone y ct=<sip:c@d> ua=real")), "reject ambiguous");
    let raw_expires = ok.replace("3600", "3600 ci=f ct=<sip:f@h> ua=iPhone");
    assert_eq!(kamailio(&format!("{raw_expires}x ct=<sip:c@d> ua=real")), "reject ambiguous");
    assert_eq!(kamailio(&format!("{ok}x y ct=<sip:c@d> ua=real")), "reject ambiguous");
    assert_eq!(
        kamailio(&format!("{ok}x ct=\"ua\\\" ua=iPhone\" <sip:c@d> ua=real")),
        "Accepted a@example.com [real]"
    );
    assert_eq!(kamailio(&format!("{ok}x ct=<sip:c@d>; ua=iPhone ua=real")), "reject ambiguous");
    assert_eq!(kamailio(&format!("{ok}x ct=\"open <sip:c@d> ua=real")), "reject ambiguous");
}

#[test]
fn the_mended_line_is_made_of_words() {
    let line = |exp: &str, ct: &str, ua: &str| {
        kamailio(&format!(
            "REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp={exp} cs=2 ci=8f_ct=x ct={ct} ua={ua}"
        ))
    };
    assert_eq!(line("600", "<sip:a@h>;expires=0", "x ua=y ct=z"), "Accepted a@e.com [x ua=y ct=z]");
    assert_eq!(line("<null>", "<sip:a@h>", ""), "Accepted a@e.com no agent");
    assert_eq!(line("0", "<sip:a@h>", "x"), "Deregistered a@e.com [x]");
    assert_eq!(line("6 0", "<sip:a@h>", "x"), "reject truncated");
    assert_eq!(line("60", "<sip:a@h> b", "x"), "reject truncated");
}

#[test]
fn a_core_message_behind_a_forged_line_makes_it_ambiguous() {
    let forged = "ERROR: {1 1 REGISTER x@y} <script>: REG-OK t=1791209002 src=192.0.2.66 aor=v@e.com exp=60 cs=1 ci=1 ct=<sip:v@h> ua=Acme} <core> [core/parser/parse_to.c:81]: parse_to_uri(): failed";
    let line = format!("Oct  5 14:03:22 reg1 kamailio[2211]: {forged}");
    let mut scratch = Scratch::default();
    assert_eq!(frame::open(line.as_bytes(), &mut scratch, false).unwrap().starts.iter().count(), 2);
}

#[test]
fn accounting_counts_what_was_answered_200() {
    let acc = |rest: &str| {
        said(&format!(
            "Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: {rest}"
        ))
    };
    let head = "timestamp=1791209002;method=REGISTER;from_tag=a1;to_tag=;call_id=8f1c;code=200;reason=OK;src_user=al;src_domain=e.com";
    assert_eq!(
        acc(&format!("transaction answered: {head};src_ip=192.0.2.1;ua=Bria iOS; x=1")),
        "Accepted al@e.com [Bria iOS; x=1]"
    );
    assert_eq!(
        acc(&format!("request accounted: {head};ua=;contact=<sip:a@b;x=1>;expires=3600;expires=")),
        "Accepted al@e.com no agent"
    );
    assert_eq!(
        acc(&format!("request accounted: {head};ua=x;contact=<sip:a@b>;expires=0;expires=")),
        "Deregistered al@e.com [x]"
    );
    assert_eq!(
        acc(&format!("request accounted: {head};ua=x;contact=<sip:a@b>;expires=0")),
        "Deregistered al@e.com [x]"
    );
    assert_eq!(acc(&format!("request accounted: {head};ua=x;contact=;expires=")), "Fetched al@e.com [x]");
    assert_eq!(
        acc(&format!("request accounted: {head};ua=x;contact=*;expires=0")),
        "Deregistered al@e.com [x]"
    );
    assert_eq!(
        acc(&format!("request accounted: {head};dst_ouser=bob;dst_domain=e.org;ua=x")),
        "Accepted bob@e.org [x]"
    );
    assert_eq!(
        acc(&format!("request accounted: {head};ua=x;src_user=eve;contact=<sip:a@b>")),
        "reject ambiguous"
    );
    assert_eq!(acc(&format!("request accounted: {}", head.replace("200", "403"))), "Refused al@e.com");
    assert_eq!(acc(&format!("transaction answered: {}", head.replace("REGISTER", "INVITE"))), "other");
    assert_eq!(
        acc(&format!("transaction answered: {}", head.replace("REGISTER", "MESSAGE"))),
        "Message al@e.com"
    );
    assert_eq!(acc("transaction answered: timestamp=17912"), "reject truncated");
}

#[test]
fn chan_sip_lines_are_split_where_the_client_cannot_reach() {
    let sip = |message: &str| asterisk("chan_sip.c", message);
    assert_eq!(sip("Registered SIP '1001' at 192.0.2.10:5060"), "Bound '1001'");
    assert_eq!(
        sip("Saved useragent \"Fax\" for peer 4242\" for peer 707"),
        "AgentSaved '707' [Fax\" for peer 4242]"
    );
    assert_eq!(
        sip("Saved useragent \"Registered SIP 'ghost' at 203.0.113.7:5060\" for peer 707"),
        "AgentSaved '707' [Registered SIP 'ghost' at 203.0.113.7:5060]"
    );
    assert_eq!(sip("Unregistered SIP '1001'"), "Unbound '1001'");
    assert_eq!(
        sip("Registration from '\"x' failed for 'y\" <sip:9@h>' failed for '192.0.2.1:5' - Wrong password"),
        "Refused \"x' failed for 'y\" <sip:9@h>"
    );
    assert_eq!(said("    -- Registered SIP '1002' at 198.51.100.7:49152"), "Bound '1002'");
    assert_eq!(asterisk("app_verbose.c", "Registered SIP 'ghost' at 192.0.2.10:5060"), "");
}

#[test]
fn pjsip_lines_name_the_aor() {
    let pj = |message: &str| asterisk("res_pjsip_registrar.c", message);
    assert_eq!(
        pj("Added contact 'sip:x@192.0.2.10:5060;ob' to AOR '1001@e.com' with expiration of 3600 seconds"),
        "Bound '1001@e.com'"
    );
    assert_eq!(
        pj("Refreshed contact 'sip:x@h' on AOR '1001' with new expiration of 3600 seconds"),
        "Refreshed '1001'"
    );
    assert_eq!(pj("Removed contact 'sip:x@h' from AOR '1001' due to request"), "Unbound '1001'");
    assert_eq!(pj("Removed contact 'sip:x@h' from AOR '1001' due to expiration"), "Expired '1001'");
    assert_eq!(pj("Removed contact 'sip:x@h' from AOR '1001' due to shutdown"), "Expired '1001'");
    // Cleared away at a start: no word on when it ended.
    assert_eq!(pj("Removed contact 'sip:x@h' from AOR '1001' due to system boot"), "Gone '1001'");
    assert_eq!(pj("Added contact 'sip:x@h' to AOR '1001' with expirat"), "reject truncated");
    assert_eq!(
        pj(
            "Registration attempt from endpoint 'ep' (192.0.2.1:5) to AOR '1001' will exceed max contacts of 1"
        ),
        "Refused '1001'"
    );
    let options = |message: &str| asterisk("res_pjsip/pjsip_options.c", message);
    assert_eq!(
        options("Contact 1001@e.com/sip:1001@192.0.2.10:5060;x=/sip:y has been deleted"),
        "Gone '1001@e.com'"
    );
    assert_eq!(options("Contact 1001/sip:x@h is now Reachable.  RTT: 1.5 msec"), "");
    assert_eq!(pj("Contact 1001/sip:x@h has been deleted"), "");
    let failed = "Request 'REGISTER' from '<sip:307@h>' failed for '192.0.2.1:5062' (callid: 4@h) - No matching endpoint found";
    assert_eq!(asterisk("res_pjsip/pjsip_distributor.c", failed), "Refused <sip:307@h>");
    assert_eq!(asterisk("res_pjsip/pjsip_distributor.c", &failed.replace("REGISTER", "INVITE")), "other");
}

#[test]
fn authentication_is_no_registration() {
    let event = |name: &str, service: &str| {
        asterisk(
            "res_security_log.c",
            &format!(
                "SecurityEvent=\"{name}\",EventTV=\"2026-10-05T14:03:22.118+0000\",Severity=\"Informational\",Service=\"{service}\",EventVersion=\"1\",AccountID=\"1001\",SessionID=\"8f\",LocalAddress=\"IPV4/UDP/203.0.113.5/5060\",RemoteAddress=\"IPV4/UDP/192.0.2.10/5060\",UsingPassword=\"1\""
            ),
        )
    };
    assert_eq!(event("SuccessfulAuth", "PJSIP"), "Attempt '1001'");
    assert_eq!(event("SuccessfulAuth", "AMI"), "other");
    assert_eq!(event("ChallengeSent", "PJSIP"), "other");
    assert_eq!(event("InvalidPassword", "SIP"), "Refused '1001'");
}

#[test]
fn a_host_is_told_from_a_guest() {
    let pbx =
        |call: &str| asterisk("pbx.c", &format!("Executing [8500@from-internal:6] {call} in new stack"));
    assert_eq!(
        pbx("ConfBridge(\"PJSIP/501@e.com-00000002\", \"8500,room,host_user\")"),
        "ConferenceHost '501@e.com'"
    );
    assert_eq!(
        pbx("ConfBridge(\"PJSIP/801-north-00000002\", \"8500,room,guest_user\")"),
        "ConferenceGuest '801-north'"
    );
    assert_eq!(pbx("ConfBridge(\"PJSIP/anonymous-00000001\", \"8500,room,guest_user\")"), "other");
    assert_eq!(pbx("Set(\"PJSIP/1001-00000012\", \"CONFBRIDGE(user,admin)=yes\")"), "ConferenceRole '1001'");
    assert_eq!(pbx("MeetMe(\"SIP/300-00000003\", \"8600051,aA\")"), "ConferenceHost '300'");
    assert_eq!(pbx("NoOp(\"PJSIP/1-00000001\", \"x] ConfBridge(\")"), "");
    // Who dials `8@c:1] ConfBridge("…", "8,b,admin` gets whatever the dialplan has for it.
    assert_eq!(
        pbx(
            "ConfBridge(\"PJSIP/v-00000001\", \"8,b,admin@from-sip:1] NoOp(\"PJSIP/anonymous-00000009\", \"x\")"
        ),
        "reject ambiguous"
    );
}

#[test]
fn events_of_other_servers_are_read() {
    assert_eq!(
        said(
            "E_UL_CONTACT_INSERT,location,alice@example.com,sip:alice@192.0.2.10:5060,,,0,Linphone, the (Pixel 8),udp:203.0.113.5:5060,0,1791212602,8f1c@192.0.2.10,2,,0,"
        ),
        "Accepted 'alice@example.com' [Linphone, the (Pixel 8)]"
    );
    assert_eq!(
        said(
            "Oct  5 14:03:22 reg1 kamailio[2211]: INFO: |8f1c@192.0.2.10|registrar-role.cfg:543 (log_x) end - new registration with contact : <sip:alice@192.0.2.10:5060>;expires=3600 : 3600"
        ),
        "Accepted 'alice'"
    );
    assert_eq!(
        said(
            "2026-10-05 14:03:22.123456 98.20% [WARNING] sofia_reg.c:1832 SIP auth failure (REGISTER) on sofia profile 'internal' for [100@h] from ip 192.0.2.5"
        ),
        "Refused 100@h"
    );
    assert_eq!(kamailio("REGISTER from sip:a@b (IP:1.2.3.4:5)"), "Attempt sip:a@b");
    assert_eq!(asterisk("asterisk.c", "Asterisk Ready."), "Restart ");
    assert_eq!(asterisk("pbx.c", "Asterisk PBX Core Initializing"), "Restart ");
    assert_eq!(asterisk("chan_sip.c", "Asterisk PBX Core Initializing"), "");
    assert_eq!(
        said("[Nov 22 21:15:11] Asterisk 16.28.0 built by nobody @ h on a x running Linux on y"),
        "other"
    );
}

#[test]
fn an_event_of_opensips_is_refused_where_a_comma_moves_its_fields() {
    let line = |contact: &str, call_id: &str| {
        said(&format!(
            "E_UL_CONTACT_UPDATE,location,a@x,{contact},,,0,UA 1,udp:203.0.113.5:5060,0,1791212602,{call_id},2,,0,"
        ))
    };
    assert_eq!(line("sip:a@192.0.2.1", "c"), "Accepted 'a@x' [UA 1]");
    assert_eq!(line("sip:a,b@192.0.2.1", "c"), "reject ambiguous");
    assert_eq!(line("sip:a@192.0.2.1", "c,d"), "reject ambiguous");
    assert_eq!(said("E_UL_AOR_INSERT,location,a@x"), "other");
    assert_eq!(said("E_UL_CONTACT_REFRESH,location,a@x,sip:a@192.0.2.1,,,,,,,,,,,,"), "other");
}

#[test]
fn a_line_of_flexisip_does_not_tell_an_acceptance_from_a_failure() {
    let line = |message: &str| said(&format!("Mon Oct  5 14:03:22 2026: {message}"));
    assert_eq!(
        line("Registered  <sip:alice@example.com> (sip:alice@192.0.2.10;transport=tls) Linphone/5 (x)"),
        "Attempt sip:alice@example.com [Linphone/5 (x)]"
    );
    assert_eq!(
        line("Registered \"A <sip:ghost@x> \\\"\" <sip:alice@example.com> (sip:a@192.0.2.1) "),
        "Attempt sip:alice@example.com no agent"
    );
    assert_eq!(line("Unregistered A <sip:a@x> (sip:a@192.0.2.1) U"), "Deregistered sip:a@x [U]");
    assert_eq!(line("Registration expired  <sip:a@x>"), "Expired sip:a@x no agent");
    assert_eq!(line("Registered  <sip:a@x"), "reject truncated");
    assert_eq!(said("Oct  5 14:03:22 h x: Registered  <sip:a@x> (sip:a@192.0.2.1) U"), "");
}

/// Frames of every server, and of Asterisk those of every file that is read.
const FRAMES: [&str; 16] = [
    "",
    "Oct  5 14:03:22 reg1 kamailio[1]: NOTICE: <script>: ",
    "Oct  5 14:03:22 reg1 kamailio[1]: NOTICE: acc [acc.c:287]: acc_log_request(): ",
    "Oct  5 14:03:22 reg1 kamailio[1]: ERROR: registrar [save.c:1]: save(): ",
    "Oct  5 14:03:22 reg1 opensips[1]: INFO:",
    "Oct  5 14:03:22 reg1 other: ",
    "    -- ",
    "[Oct  5 14:03:22] VERBOSE[1] chan_sip.c: ",
    "[Oct  5 14:03:22] VERBOSE[1] res_pjsip_registrar.c: ",
    "[Oct  5 14:03:22] VERBOSE[1] res_pjsip/pjsip_options.c: ",
    "[Oct  5 14:03:22] NOTICE[1] res_pjsip/pjsip_distributor.c: ",
    "[Oct  5 14:03:22] SECURITY[1] res_security_log.c: ",
    "[Oct  5 14:03:22] VERBOSE[1] pbx.c: ",
    "[Oct  5 14:03:22] ",
    "2026-10-05 14:03:22.123456 98.20% [WARNING] sofia_reg.c:1832 ",
    "Mon Oct  5 14:03:22 2026: ",
];

/// Texts that are read behind one of these, and which all begin unlike.
const TEXTS: [&str; 27] = [
    "REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp=60 cs=2 ci=x ct=<sip:a@h> ua=Acme",
    "ACC: transaction answered: timestamp=1791209002;method=REGISTER;from_tag=a;to_tag=;call_id=8f;code=200;reason=OK;src_user=al;src_domain=e.com",
    "too many contacts (3) for AOR <alice>",
    "REGISTER from sip:a@b (IP:1.2.3.4:5)",
    "New request on proxy - M=REGISTER R=sip:x T=sip:a@x IP=192.0.2.1",
    "end - new registration with contact : <sip:alice@192.0.2.10:5060>;expires=3600 : 3600",
    "|8f1c@h|registrar-role.cfg:543 (log_x) end - new registration with contact : <sip:a@h>;expires=3600 : 3600",
    "E_UL_AOR_INSERT,location,a@x",
    "E_UL_CONTACT_INSERT,location,alice@example.com,sip:alice@192.0.2.10:5060,,,0,Linphone,udp:203.0.113.5:5060,0,1791212602,8f,2,,0,",
    "Registered SIP '1001' at 192.0.2.10:5060",
    "Saved useragent \"Bria\" for peer 1001",
    "Unregistered SIP '1001'",
    "Registration from '<sip:a@x>' failed for '192.0.2.1' - Wrong password",
    "Added contact 'sip:x@192.0.2.10:5060;ob' to AOR '1001' with expiration of 3600 seconds",
    "Refreshed contact 'sip:x@192.0.2.10:5060;ob' on AOR '1001' with new expiration of 3600 seconds",
    "Removed contact 'sip:x@192.0.2.10' from AOR '1001' due to expiration",
    "Registration attempt from endpoint '1' (192.0.2.1:5060) to AOR '1001' will exceed max contacts of 1",
    "AOR '1001' not found for endpoint '1' (192.0.2.1:5060)",
    "Contact 1001/sip:1001@192.0.2.10 has been deleted",
    "Request 'REGISTER' from '<sip:307@h>' failed for '192.0.2.1:5062' (callid: 4@h) - No matching endpoint found",
    "SecurityEvent=\"SuccessfulAuth\",EventTV=\"2026-10-05T14:03:22.118+0000\",Severity=\"x\",Service=\"PJSIP\",EventVersion=\"1\",AccountID=\"1001\",SessionID=\"8f\",LocalAddress=\"IPV4/UDP/203.0.113.5/5060\",RemoteAddress=\"IPV4/UDP/192.0.2.10/5060\"",
    "Executing [8000@conf:4] ConfBridge(\"PJSIP/1001-00000012\", \"8000,room,host_user\") in new stack",
    "Asterisk PBX Core Initializing",
    "Asterisk 16.28.0 built by nobody @ h on a x running Linux on y",
    "SIP auth failure (REGISTER) on sofia profile 'internal' for [100@h] from ip 192.0.2.5",
    "Registered  <sip:alice@example.com> (sip:alice@192.0.2.10;transport=tls) Linphone/5 (x)",
    "Registration expired  <sip:a@x>",
];

/// Which messages recognise any text that the line may hold.
fn recognising(line: &str) -> Vec<Vec<&'static str>> {
    let mut scratch = Scratch::default();
    let Some(record) = frame::open(line.as_bytes(), &mut scratch, true) else { return Vec::new() };
    let starts = record.starts.iter().map(|start| {
        let text =
            Text { text: &record.text[start.at..], origin: start.origin, record: &record, marked: None };
        let recognises = |message: &&Message| {
            !matches!((message.read)(&text, &mut Event::new(Kind::Attempt, "")), Outcome::NoMatch)
        };
        MESSAGES.iter().filter(recognises).map(|message| message.name).collect()
    });
    starts.collect()
}

#[test]
fn every_message_is_recognised_by_one_reader() {
    let lines = FRAMES.iter().flat_map(|frame| TEXTS.map(|text| format!("{frame}{text}")));
    let mut found = std::collections::BTreeSet::new();
    for line in lines {
        for names in recognising(&line) {
            assert!(names.len() <= 1, "{line}: {names:?}");
            found.extend(names);
        }
    }
    let all = MESSAGES
        .iter()
        .map(|message| message.name)
        .filter(|name| ![journald::BYTES.name, PARTS.name].contains(name));
    assert!(found.iter().copied().eq(all.collect::<std::collections::BTreeSet<_>>()), "{found:?}");
}

proptest! {
    #[test]
    fn no_two_messages_recognise_one_text(
        frame in 0..FRAMES.len(),
        // Each with how much of it is there.
        texts in prop::collection::vec((0..TEXTS.len(), prop_oneof![1 => Just(usize::MAX), 2 => 0_usize..80]), 1..4),
    ) {
        let text: String = texts.iter().map(|(text, len)| &TEXTS[*text][..(*len).min(TEXTS[*text].len())]).collect();
        for names in recognising(&format!("{}{text}", FRAMES[frame])) {
            prop_assert!(names.len() <= 1, "{names:?}");
        }
    }
}
