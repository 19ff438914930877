//! What Asterisk and FreeSWITCH print.

use super::{agents, read};
use crate::formats::snapshot::recognises;
use crate::model::{Kind, Moment, Stamp};

#[test]
fn the_database_of_asterisk_is_read() {
    let dump = b"pbx1*CLI> database show registrar\n/registrar/contact/504@example.com;@2bb6: {\"via_addr\":\"192.0.2.9\",\"call_id\":\"20-3\",\"uri\":\"sip:504@192.0.2.1:5066^3Bob\",\"user_agent\":\"Shop \\\"Front\\\" Phone, \\\"uri\\\":\\\"x\\\"\",\"expiration_time\":\"1795382724\"}\n/registrar/contact/505;@2bb7: {\"uri\":\"sip:505@192.0.2.1\",\"user_agent\":\"\"}\n/registrar/contact/506;@2bb8: {\"uri\":\"sip:5\n3 results found.\n\npbx1*CLI> database show SIP/Registry\n/SIP/Registry/701                                 : 127.18.0.9:5062:1800:c226180:sip:c083412@127.30.117.10:5064\n/SIP/Registry/702                                 : [2001:db8::1]:5062:60::sip:702@[2001:db8::1]\n";
    assert!(recognises(dump));
    let listener = read(dump);
    let expected = [
        ("504@example.com", Some("Shop \"Front\" Phone, \"uri\":\"x\"")),
        ("505", Some("-")),
        ("701", None),
        ("702", None),
    ];
    assert_eq!(agents(&listener), expected);
    assert_eq!(listener.told[0].contact, "sip:504@192.0.2.1:5066;ob");
    assert_eq!(listener.told[2].contact, "sip:c083412@127.30.117.10:5064");
    assert_eq!(
        (listener.told[3].contact.as_str(), listener.told[3].expires_seconds),
        ("sip:702@[2001:db8::1]", Some(60))
    );
    assert_eq!(listener.rejects.len(), 1);
}

#[test]
fn a_list_of_contacts_tells_of_a_contact_only_what_its_column_shows_whole() {
    let dump = b"pbx1*CLI> pjsip show contacts\n\n  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>\n====\n\n  Contact:  +441632960001@pbx.contoso.example/sip:+4416329 fb98f7d260 NonQual         nan\n  Contact:  701/sip:701@192.0.2.1                          fb98f7d261 Avail         0.265\n  Contact:  a.very.long.name.indeed@pbx.contoso.example/si fb98f7d262 Unavail         nan\n\nObjects found: 3\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("+441632960001@pbx.contoso.example", None), ("701", None)]);
    assert_eq!(listener.told[0].contact, "");
    assert_eq!(listener.told[1].contact, "sip:701@192.0.2.1");
    assert_eq!(listener.others.len(), 1);
}

#[test]
fn one_contact_is_shown_with_its_agent() {
    let dump = b"  Contact:  1001/sip:1001@192.0.2.10:5060;transport=tls;ob fb98f7d260 NonQual         nan\n\n ParameterName        : ParameterValue\n ==========\n call_id              : c1\n expiration_time      : 1791212602\n uri                  : sip:1001@192.0.2.10:5060;transport=tls;ob\n user_agent           : Acme : Phone\n\n  Contact:  trunk/sip:198.51.100.1                         fb98f7d261 Avail         0.1\n\n ParameterName        : ParameterValue\n expiration_time      : 0\n uri                  : sip:198.51.100.1\n";
    let listener = read(dump);
    assert_eq!(agents(&listener), [("1001", Some("Acme : Phone"))]);
    assert_eq!((listener.told[0].call_id.as_str(), listener.others.len()), ("c1", 1));
}

#[test]
fn a_peer_is_shown_with_its_agent_and_not_its_contact() {
    let dump = b"pbx1*CLI> sip show peer 701\n\n\n  * Name       : 701\n  Description  : \n  Expire       : 1807\n  Addr->IP     : 127.18.0.9:5062\n  Useragent    : Sipnetic iOS/1.0.42 (iPhone SE)\n  Reg. Contact : sip:c083412@127.30.117.10:5064\n  Qualify Freq : 60000 ms\n\n  * Name       : 702\n  Expire       : -1\n  Addr->IP     : (null)\n  Useragent    : \n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("701", Some("Sipnetic iOS/1.0.42 (iPhone SE)"))]);
    assert_eq!((listener.told[0].contact.as_str(), listener.others.len()), ("", 1));
}

#[test]
fn the_manager_interface_lists_contacts() {
    let dump = b"Event: ContactStatusDetail\r\nAOR: 1001\r\nURI: sip:1001@192.0.2.10\r\nUserAgent: Acme: \"x\"\r\nRegExpire: 1791212602\r\nViaAddress: 192.0.2.10:5060\r\nCallID: c1\r\nStatus: Reachable\r\n\r\nEvent: ContactList\r\nObjectType: contact\r\nObjectName: 1002;@0f\r\nUri: sip:1002@192.0.2.11\r\nUserAgent: y\r\nExpirationTime: 1791212602\r\n\r\nEvent: ContactList\r\nObjectName: trunk@@0f\r\nUri: sip:198.51.100.1\r\n\r\nEvent: ContactListComplete\r\nListItems: 2\r\n\r\nEvent: TestEvent\r\nType: StateChange\r\nState: AOR_CONTACT_REFRESHED\r\nContact: sip:1003@192.0.2.12\r\nAOR: 1003\r\nUserAgent: z\r\n\r\nEvent: PeerStatus\r\nChannelType: SIP\r\nPeer: SIP/701\r\nPeerStatus: Registered\r\nAddress: 192.0.2.7:5060\r\n\r\nResponse: Success\r\nChanneltype: SIP\r\nObjectName: 702\r\nSIP-Useragent: old\r\nAddress-IP: 192.0.2.8\r\n\r\n";
    assert!(recognises(dump));
    let listener = read(dump);
    let expected = [
        ("1001", Some("Acme: \"x\"")),
        ("1002", Some("y")),
        ("1003", Some("z")),
        ("701", None),
        ("702", Some("old")),
    ];
    assert_eq!(agents(&listener), expected);
    let kinds: Vec<Kind> = listener.told.iter().map(|told| told.kind).collect();
    assert_eq!(kinds, [Kind::Snapshot, Kind::Snapshot, Kind::Accepted, Kind::Bound, Kind::Snapshot]);
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 0));
}

#[test]
fn freeswitch_lists_its_registrations() {
    let dump = b"Registrations:\n=====\nCall-ID:    \tc1\nUser:       \t1001@example.com\nContact:    \t\"A\" <sip:1001@192.0.2.10:5060>\nAgent:      \tZoiper: rv2.8\nStatus:     \tRegistered(UDP)(unknown) EXP(2026-10-05 15:03:22) EXPSECS(3312)\nHost:       \tfs1\nIP:         \t192.0.2.10\n\nCall-ID:    \tc2\nUser:       \t1002@example.com\nContact:    \t<sip:1002@192.0.2.10>\nAgent:      \tdunno\nStatus:     \tRegistered(UDP) EXP(2026-10-05 15:03:22) EXPSECS(-2)\n\nTotal items returned: 2\n=====\n";
    assert!(recognises(dump));
    let listener = read(dump);
    assert_eq!(agents(&listener), [("1001@example.com", Some("Zoiper: rv2.8"))]);
    assert_eq!((listener.told[0].expires_seconds, listener.others.len()), (Some(3312), 1));
}

#[test]
fn an_event_of_freeswitch_is_an_accepted_registration_and_its_body_is_none() {
    let event = "Event-Subclass: sofia%3A%3Aregister\nEvent-Name: CUSTOM\nEvent-Date-Timestamp: 1791209002118000\nfrom-user: 1001\nfrom-host: example.com\ncontact: %22A%22%20%3Csip%3A1001%40192.0.2.10%3E\ncall-id: c1\nexpires: 3600\nuser-agent: Acme%20(x%3A%20y)\n\n";
    let body = event.replace("1001", "ghost");
    let message = format!(
        "Event-Name: MESSAGE\nfrom: x\nContent-Length: {}\n\n{body}Event-Subclass: sofia%3A%3Aregister_attempt\nEvent-Name: CUSTOM\nfrom-user: 1002\nfrom-host: example.com\n\n",
        body.len()
    );
    let listener =
        read(format!("Content-Length: 400\nContent-Type: text/event-plain\n\n{event}{message}").as_bytes());
    assert!(recognises(event.as_bytes()));
    assert_eq!(agents(&listener), [("1001@example.com", Some("Acme (x: y)"))]);
    let told = &listener.told[0];
    assert_eq!((told.kind, told.contact.as_str()), (Kind::Accepted, "\"A\" <sip:1001@192.0.2.10>"));
    assert_eq!(told.stamp, Stamp::Instant(Moment::from_micros(1_791_209_002_118_000)));
    assert_eq!((listener.others.len(), listener.rejects.len()), (1, 0));
}
