mod pbx;

use super::{SnapshotReader, recognises};
use crate::model::{AgentText, Aor, Dialect, Event, Kind, Moment, Reject, RejectReason, Sink, Spot, Stamp};
use proptest::prelude::*;

/// One binding as it was told, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    kind: Kind,
    source: String,
    dialect: Dialect,
    offset: u64,
    stamp: Stamp,
    aor: String,
    /// `None` where the dump has no place for it, `-` where it says that there was none.
    agent: Option<String>,
    contact: String,
    call_id: String,
    expires_seconds: Option<u32>,
}

#[derive(Debug, Default)]
struct Listener {
    told: Vec<Told>,
    others: Vec<u64>,
    rejects: Vec<(u64, RejectReason)>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Sink for Listener {
    fn event(&mut self, event: &Event<'_>) {
        self.told.push(Told {
            kind: event.kind,
            source: event.source.to_owned(),
            dialect: event.dialect,
            offset: event.spot.offset,
            stamp: event.stamp,
            aor: match event.aor {
                Aor::Name(name) | Aor::Uri(name) => text(name),
                Aor::Parts { user, domain } => format!("{}@{}", text(user), text(domain)),
                Aor::Nobody => String::new(),
            },
            agent: match event.agent {
                AgentText::NotLogged => None,
                AgentText::Missing => Some("-".to_owned()),
                AgentText::Text(agent) => Some(text(agent)),
            },
            contact: text(event.contact),
            call_id: text(event.call_id),
            expires_seconds: event.expires_seconds,
        });
    }

    fn other(&mut self, spot: Spot, _: Stamp) {
        self.others.push(spot.offset);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push((reject.spot.offset, reject.reason));
    }
}

fn read(input: &[u8]) -> Listener {
    let mut listener = Listener::default();
    let mut reader = SnapshotReader::new();
    let mut offset = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let spot = Spot { input: 0, offset };
        reader.line(line.strip_suffix(b"\n").unwrap_or(line), spot, &mut listener);
        offset += line.len() as u64;
    }
    reader.finish(&mut listener);
    listener
}

/// AOR and User-Agent of what was told.
fn agents(listener: &Listener) -> Vec<(&str, Option<&str>)> {
    listener.told.iter().map(|told| (told.aor.as_str(), told.agent.as_deref())).collect()
}

fn instant(seconds: i64) -> Stamp {
    Stamp::Instant(Moment::from_seconds(seconds))
}

/// A dump as `kamcmd ul.dump` of Kamailio 5.6 prints it.
fn kamcmd(agent: &str, expires: &str) -> String {
    let keys = [
        "Address: sip:bob@192.0.2.10:5060;transport=tcp",
        &format!("Expires: {expires}"),
        "Q: -1",
        "Call-ID: c3",
        "CSeq: 2",
        &format!("User-Agent: {agent}"),
        "Received: [not set]",
        "Path: [not set]",
        "State: CS_SYNC",
        "Flags: 0",
        "CFlags: 0",
        "Socket: udp:203.0.113.5:5060",
        "Methods: -1",
        "Ruid: uloc-6b03a75f-5824-5",
        "Instance: [not set]",
        "Reg-Id: 0",
        "Server-Id: 0",
        "Tcpconn-Id: -1",
        "Keepalive: 0",
        "Last-Keepalive: 1791209000",
        "KA-Roundtrip: 0",
        "Last-Modified: 1791209002",
    ];
    let keys: String = keys.iter().map(|key| format!("\t\t\t\t\t\t\t{key}\n")).collect();
    format!(
        "{{\n\tDomains: {{\n\t\tDomain: {{\n\t\t\tDomain: location\n\t\t\tSize: 1024\n\t\t\tAoRs: {{\n\t\t\t\tInfo: {{\n\
         \t\t\t\t\tAoR: bob@example.com\n\t\t\t\t\tHashID: -1509288856\n\t\t\t\t\tContacts: {{\n\
         \t\t\t\t\t\tContact: {{\n{keys}\t\t\t\t\t\t}}\n\t\t\t\t\t}}\n\t\t\t\t}}\n\t\t\t}}\n\t\t}}\n\t}}\n}}\n"
    )
}

#[test]
fn a_kamcmd_dump_tells_aor_agent_and_last_registration() {
    let dump = kamcmd("x } : y", "3583");
    assert!(recognises(dump.as_bytes()));
    let listener = read(dump.as_bytes());
    let expected = Told {
        kind: Kind::Snapshot,
        source: "kamailio-ul-dump".to_owned(),
        dialect: Dialect::Kamailio,
        offset: dump.find("\t\t\t\t\t\tContact: {").unwrap() as u64,
        stamp: instant(1_791_209_002),
        aor: "bob@example.com".to_owned(),
        agent: Some("x } : y".to_owned()),
        contact: "sip:bob@192.0.2.10:5060;transport=tcp".to_owned(),
        call_id: "c3".to_owned(),
        expires_seconds: Some(3583),
    };
    assert_eq!(listener.told, [expected]);
    assert!(listener.others.is_empty() && listener.rejects.is_empty());
}

#[test]
fn a_binding_that_is_expired_or_deleted_is_none() {
    for expires in ["expired", "deleted", "-7"] {
        let listener = read(kamcmd("x", expires).as_bytes());
        assert_eq!((listener.told.len(), listener.others.len()), (0, 1), "{expires}");
    }
    assert_eq!(read(kamcmd("x", "permanent").as_bytes()).told.len(), 1);
}

#[test]
fn a_filler_is_no_agent() {
    for filler in ["n/a", "[not set]", "<null>", ""] {
        let listener = read(kamcmd(filler, "60").as_bytes());
        assert_eq!(agents(&listener), [("bob@example.com", Some("-"))], "{filler}");
    }
}

#[test]
fn a_folded_agent_names_nobody_and_spoils_its_binding() {
    // Kamailio keeps a header's fold, so the stranger's next line begins with blanks of his choice.
    for agent in [
        "x\n\t\t\t\t\tAoR: ghost",
        "x\n AoR: ghost\n",
        "x\r\n\t\t\t\t\t\t\tReceived: [not set]\r\n\t\t\t\t\t\t}\r\n\t\t\t\t\tAoR: ghost",
        "x\n\t\t\t\t\t\t}\n\t\t\t\t\t\tContact: {\n\t\t\t\t\t\t\tAddress: sip:ghost@192.0.2.66",
    ] {
        let listener = read(kamcmd(agent, "60").as_bytes());
        assert!(listener.told.iter().all(|told| told.aor == "bob@example.com"), "{agent:?}");
        assert!(!listener.rejects.is_empty(), "{agent:?}");
    }
}

#[test]
fn an_administrators_binding_is_none() {
    let dump = kamcmd("kamailio SIP Router - RPC Server", "60");
    assert_eq!(read(dump.as_bytes()).others.len(), 1);
    let dump = kamcmd("x", "60").replace("Call-ID: c3", "Call-ID: dfjrewr12386fd6-343@kamailio.rpc");
    assert_eq!(read(dump.as_bytes()).others.len(), 1);
}

#[test]
fn a_cut_dump_rejects_the_binding_it_ends_in() {
    let dump = kamcmd("x", "60");
    let cut = &dump[..dump.find("Path:").unwrap()];
    let listener = read(cut.as_bytes());
    assert_eq!((listener.told.len(), listener.rejects.len()), (0, 1));
}

const KAMAILIO_JSON: &str = r#"{
	"jsonrpc":	"2.0",
	"result":	{
		"Domains":	[{
				"Domain":	{
					"Domain":	"location",
					"AoRs":	[{
							"Info":	{
								"AoR":	"fold@example.com",
								"HashID":	1971967254,
								"Contacts":	[{
										"Contact":	{
											"Address":	"sip:fold@192.0.2.10:5060;x=\"a:b\"",
											"Expires":	3583,
											"Q":	-1,
											"Call-ID":	"c6",
											"User-Agent":	"x\n\t\tAoR: ghost2\"}]",
											"Received":	"[not set]",
											"Last-Modified":	1791209002
										}
									}, {
										"Contact":	{
											"Address":	"sip:fold@192.0.2.11",
											"Expires":	"expired",
											"User-Agent":	"n/a"
										}
									}]
							}
						}]
				}
			}]
	},
	"id":	1
}
"#;

#[test]
fn a_json_dump_is_read_pretty_and_on_one_line() {
    let flat: String = KAMAILIO_JSON.lines().collect();
    for dump in [KAMAILIO_JSON, &flat] {
        assert!(recognises(dump.as_bytes()));
        let listener = read(dump.as_bytes());
        assert_eq!(agents(&listener), [("fold@example.com", Some("x\n\t\tAoR: ghost2\"}]"))]);
        let told = &listener.told[0];
        assert_eq!(
            (told.contact.as_str(), told.stamp),
            ("sip:fold@192.0.2.10:5060;x=\"a:b\"", instant(1_791_209_002))
        );
        assert_eq!((listener.others.len(), listener.rejects.len()), (1, 0));
    }
}

#[test]
fn opensips_names_the_contact_by_a_string() {
    let dump = br#"{"Domains":[{"name":"location","AORs":[{"AOR":"Alice@example.com","Contacts":[{"Contact":"sip:a@192.0.2.1","ContactID":"77","Expires":30,"Callid":"x","Cseq":2,"User-agent":"Bria 6"},{"Contact":"sip:b@192.0.2.2","Expires":"deleted","User-agent":"y"}]}]}]}"#;
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("Alice@example.com", Some("Bria 6"))]);
    assert_eq!(listener.told[0].dialect, Dialect::OpenSips);
    assert_eq!((listener.told[0].expires_seconds, listener.others.len()), (Some(30), 1));
}

#[test]
fn the_old_management_interface_is_read() {
    let dump = b"Domain:: location table=512 records=1 max_slot=1\n\tAOR:: bob@example.com\n\t\tContact:: sip:bob@192.0.2.1:5060;ob Q=1.00\n\t\t\tExpires:: 59\n\t\t\tCallid:: c1\n\t\t\tCseq:: 2\n\t\t\tUser-agent:: Zoiper v2.10.20.4\n\t\t\tState:: CS_NEW\n\t\t\tFlags:: 0\n\t\t\tLast-Modified:: 1791209002\n\t\tContact:: sip:bob@192.0.2.2 Q=\n\t\t\tExpires:: expired\n\tAOR:: eve\n\t\tContact:: sip:eve@192.0.2.3 Q=\n\t\t\tUser-agent:: x\n  AOR:: ghost\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("bob@example.com", Some("Zoiper v2.10.20.4"))]);
    assert_eq!(listener.told[0].contact, "sip:bob@192.0.2.1:5060;ob");
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 1));
}

#[test]
fn a_db_text_table_is_read_by_its_columns() {
    let dump = b"id(int,auto) ruid(string) username(string) domain(string,null) contact(string) received(string,null) expires(int) q(double) callid(string) cseq(int) last_modified(int) user_agent(string) \n3:uloc-1:bob:example.com:sip\\:bob@192.0.2.10\\:5060::1791212602:-1.00:c3:2:1791209002:x } \\: y\\n\\\\\n6:uloc-3:a:b\\:@example.com:sip\\:a%40b%3a@192.0.2.1::1791212602:1:c5:2:1791209002:w\n4:uloc-2:eve::sip\\:e@192.0.2.1::10:1:c4:2:1791209002:z\n5:cut:off\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(
        agents(&listener),
        [("bob@example.com", Some("x } : y\n\\")), ("a@b:@example.com", Some("w"))]
    );
    let told = &listener.told[0];
    assert_eq!((told.dialect, told.expires_seconds), (Dialect::Kamailio, Some(3600)));
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 1));
}

#[test]
fn a_mysql_dump_takes_its_columns_from_the_table() {
    let dump = b"-- MySQL dump 10.13\nCREATE TABLE `location` (\n  `id` int NOT NULL,\n  `ruid` varchar(64) DEFAULT '',\n  `username` varchar(64),\n  `domain` varchar(64),\n  `contact` varchar(512),\n  `expires` datetime,\n  `callid` varchar(255),\n  `last_modified` datetime,\n  `user_agent` varchar(255),\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `ruid_idx` (`ruid`)\n) ENGINE=InnoDB;\nINSERT INTO `location` VALUES (1,'u1','alice','example.com','sip:a@192.0.2.1','2026-10-05 15:03:22','c1','2026-10-05 14:03:22','It\\'s (a), \\\"b\\\"'),(2,'u2','bob',NULL,'sip:b@192.0.2.2','2026-10-05 13:03:22','c2','2026-10-05 14:03:22','n/a'),\n(3,'u3','carol','','sip:c@192.0.2.3','1970-01-01 00:00:00','c3','2026-10-05 14:03:22','n/a');\nINSERT INTO `other` VALUES (1,'(2,');\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("alice@example.com", Some("It's (a), \"b\"")), ("carol", Some("-"))]);
    assert_eq!(listener.told[0].expires_seconds, Some(3600));
    assert!(matches!(listener.told[0].stamp, Stamp::Local(_)));
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 0));
}

#[test]
fn a_postgres_copy_names_its_columns() {
    let dump = b"COPY public.location (id, contact_id, username, domain, contact, user_agent) FROM stdin;\n1\t9\talice\texample.com\tsip:a@192.0.2.1\tBria\\t6\n2\t9\tbob\t\\N\tsip:b@192.0.2.2\t\\N\n\\.\nCOPY public.silo (body) FROM stdin;\nINSERT INTO location (username, contact) VALUES ('ghost', 'sip:g');\n\\.\n";
    let listener = read(dump);
    assert_eq!(agents(&listener), [("alice@example.com", Some("Bria\t6")), ("bob", Some("-"))]);
    assert_eq!(listener.told[0].dialect, Dialect::OpenSips);
}

#[test]
fn a_line_break_inside_a_string_brings_no_row() {
    let dump = b"INSERT INTO public.silo VALUES (1, 'a\nINSERT INTO location (username, contact, user_agent) VALUES (''ghost'', ''sip:g@192.0.2.66'', ''x'');\n');\nINSERT INTO public.location (username, contact, user_agent) VALUES ('eve', 'sip:e@192.0.2.1', 'x\n'', (''ghost'', ''sip:g'', ''y'');');\nINSERT INTO public.location (username, contact, user_agent) VALUES ('bob', 'sip:b@192.0.2.1', 'it''s');\n";
    let listener = read(dump);
    assert_eq!(agents(&listener), [("bob", Some("it's"))]);
    assert_eq!(listener.rejects.len(), 1);
}

#[test]
fn asterisks_realtime_tables_are_read() {
    let dump = b"INSERT INTO `ps_contacts` (`id`, `uri`, `user_agent`, `call_id`) VALUES ('1001^3B@0f','sip:1001@192.0.2.1^3Btransport=TLS','Bria 6','c');\nINSERT INTO `sippeers` (`name`, `ipaddr`, `regseconds`, `useragent`, `fullcontact`) VALUES ('701','192.0.2.7',1791209002,'Acme','sip:701@192.0.2.7'),('702','',0,'Old','');\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("1001", Some("Bria 6")), ("701", Some("Acme"))]);
    assert_eq!(listener.told[0].contact, "sip:1001@192.0.2.1;transport=TLS");
    assert_eq!(listener.others.len(), 1);
}

#[test]
fn a_print_of_one_contact_is_read() {
    let dump = b"~~~Contact(0x7f00)~~~\ndomain    : 'location'\naor       : 'alice'\nContact   : 'sip:alice@192.0.2.10'\nExpires   : 3599\nq         : \nCall-ID   : 'c1'\nCSeq      : 2\nUser-Agent: 'it's: x'\nreceived  : ''\nState     : CS_NEW\n~~~/Contact~~~~\n~~~Contact(0x7f01)~~~\naor       : 'eve'\nContact   : 'sip:eve@192.0.2.10'\nUser-Agent: 'x\n~~~/Contact~~~~\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("alice", Some("it's: x"))]);
    assert_eq!(listener.told[0].expires_seconds, Some(3599));
    assert_eq!(listener.rejects.len(), 1);
}

#[test]
fn an_event_of_opensips_in_lines_is_an_accepted_registration() {
    let dump = b"E_UL_AOR_INSERT\ndomain::location\naor::alice@example.com\n\nE_UL_CONTACT_INSERT\ndomain::location\naor::alice@example.com\nuri::sip:alice@192.0.2.10\nuser_agent::Bria :: 6\ncallid::c1\ncseq::2\n\nE_UL_CONTACT_UPDATE\naor::eve@example.com\nuri::sip:eve@192.0.2.10\nuser_agent::x\n aor::ghost\ncallid::c1\n\nE_UL_CONTACT_DELETE\naor::alice@example.com\nuri::sip:alice@192.0.2.10\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("alice@example.com", Some("Bria :: 6")), ("alice@example.com", None)]);
    assert_eq!((listener.told[0].kind, listener.told[1].kind), (Kind::Accepted, Kind::Expired));
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 1));
}

#[test]
fn a_log_is_no_snapshot() {
    for log in [
        &b"[Oct  5 14:03:22] VERBOSE[1] res_pjsip_registrar.c: Added contact 'sip:1@192.0.2.1' to AOR '1' with expiration of 60 seconds\n"[..],
        b"REG-OK t=1791209002 src=192.0.2.10 aor=a@example.com exp=60 ua=Domains: {\n",
        b"REGISTER sip:example.com SIP/2.0\r\nCall-ID: x\r\nContact: <sip:a@192.0.2.1>\r\nUser-Agent: \"AoR\": {\r\n",
        b"{\"message\":\"AoRs\",\"aor\":\"x\"}\n",
        b"E_UL_CONTACT_INSERT,location,a@x,sip:a@192.0.2.1,,,0,E_UL_AOR_INSERT,,0,1,c,2,,0,\n",
        b"",
    ] {
        assert!(!recognises(log), "{}", text(log));
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"{",
        b"}",
        b"[",
        b"\"AoR\"",
        b"\"Address\"",
        b":",
        b"\"x",
        b"\"",
        b"\n",
        b"\r\n",
        b"\t",
        b"  ",
        b"Domains: {",
        b"Contact: {",
        b"AoR: ",
        b"Contact:: ",
        b"AOR:: ",
        b"User-Agent: ",
        b"~~~Contact(",
        b"~~~/Contact~~~~",
        b"aor : '",
        b"/registrar/contact/",
        b";@",
        b": {",
        b"/SIP/Registry/",
        b": [",
        b"  Contact:  ",
        b"/sip:",
        b"  * Name       : ",
        b"Event: ContactList\n",
        b"Event-Subclass: sofia%3A%3Aregister\n",
        b"Content-Length: 99999999\n",
        b"Call-ID:\t",
        b"INSERT INTO `location` ",
        b"(username,contact) VALUES (",
        b"'",
        b"\\",
        b"),(",
        b");",
        b"COPY location (username,contact) FROM stdin;\n",
        b"id(int) contact(string) callid(string)\n",
        b"%4",
        b"^3",
        b"pbx1*CLI> x\n",
        b"Expires: -",
        b"EXPSECS(",
        b"\\u12",
    ];
    prop_oneof![
        4 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        let input = pieces.concat();
        recognises(&input);
        let listener = read(&input);
        for told in listener.told {
            prop_assert!(told.offset < input.len() as u64);
        }
    }
}
