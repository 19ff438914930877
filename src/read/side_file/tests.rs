use super::*;
use std::io::Write;

fn load(text: &str, kind: SideKind) -> Result<SideFile, String> {
    load_bytes(text.as_bytes(), kind)
}

/// Loads a file of these bytes; the message calls it `FILE`.
fn load_bytes(bytes: &[u8], kind: SideKind) -> Result<SideFile, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    SideFile::load(file.path(), kind, &TimeZone::UTC)
        .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
}

fn conference(text: &str) -> Result<SideFile, String> {
    load(text, SideKind::Conference)
}

fn moment(text: &str) -> Moment {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let file = conference(
        "role,until,notes,from,sip_id\n\
         host,2026-10-05 15:00,weekly,2026-10-05 14:00,1000@a.example\n",
    )
    .unwrap();
    assert_eq!(
        file.rows,
        [SideRow {
            line: 2,
            offset: 29,
            sip_id_text: "1000@a.example".to_owned(),
            from: moment("2026-10-05T14:00:00Z"),
            until: Some(moment("2026-10-05T15:00:00Z")),
            is_host: true,
        }]
    );
}

#[test]
fn only_the_role_host_is_a_host() {
    let file = conference("sip_id,from,until,role\na,2026-10-05,,Host\nb,2026-10-05,,guest\n").unwrap();
    assert_eq!(file.rows.iter().map(|row| row.is_host).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_messaging_file_needs_no_role() {
    let file = load("sip_id,from,until\na,2026-10-05,\n", SideKind::Messaging).unwrap();
    assert!(!file.rows[0].is_host);
}

#[test]
fn a_conference_file_needs_the_column_role() {
    assert_eq!(
        conference("sip_id,from,until\na,2026-10-05,\n").unwrap_err(),
        "FILE:1: no column `role`; the first line must name the columns `sip_id,from,until,role`"
    );
}

#[test]
fn the_scheme_of_a_sip_id_may_be_left_out() {
    let text = "sip_id,from,until\nsip:a@x.example,2026-10-05,\nSIPS:a@x.example,2026-10-05,\na@x.example,2026-10-05,\n";
    let file = load(text, SideKind::Messaging).unwrap();
    assert!(file.rows.iter().all(|row| row.sip_id_text == "a@x.example"));
}

#[test]
fn every_bad_row_is_listed_with_its_line() {
    let text = "sip_id,from,until,role\n\
                a,2026-10-05,,\n\
                b,2026-10-05,,host\n\
                ,2026-10-05,,host\n\
                c,,,host\n\
                d,,2026-10-06,host\n\
                e,2026-10-05,2026-10-05,host\n\
                f,5.10.2026,,host\n\
                sip:,2026-10-05,,host\n\
                g,2026-10-05\n";
    let until = "`until` is not after `from`; it is the first moment that is no longer meant, \
                 or empty for the single moment `from`";
    assert_eq!(
        conference(text).unwrap_err().lines().collect::<Vec<_>>(),
        [
            "FILE:2: no `role`; write `host` for who is charged, `guest` else",
            "FILE:4: no `sip_id`",
            "FILE:5: no `from`; a row without a time belongs to no cycle",
            "FILE:6: no `from`; a row without a time belongs to no cycle",
            &format!("FILE:7: {until}"),
            "FILE:8: `from` is `5.10.2026`, which is no date; write `2026-10-05` or `2026-10-05T14:00`",
            "FILE:9: no `sip_id`",
            "FILE:10: 2 columns where the first line has 4",
        ]
    );
}

#[test]
fn lines_are_counted_through_empty_lines_and_carriage_returns() {
    let file = conference("sip_id,from,until,role\r\n\r\n\r\na,2026-10-05,,host\r\n").unwrap();
    assert_eq!((file.rows[0].line, file.rows[0].offset), (4, 28));
}

#[test]
fn a_quotation_mark_left_open_does_not_swallow_rows() {
    let header = "sip_id,from,until,role,notes\n";
    let row = |notes| format!("a,2026-10-05,,host,{notes}\n");
    for rows in [row("\"x") + &row("\"y"), row("\"x") + &row(""), row("\"") + &row("")] {
        assert_eq!(
            conference(&format!("{header}{rows}")).unwrap_err(),
            "FILE:2: a quoted field goes beyond the line's end; close its quotation mark"
        );
    }
    assert_eq!(conference(&format!("{header}{}", row("\"x, y\""))).unwrap().rows.len(), 1);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let file = conference("\u{feff}sip_id,from,until,role\na,2026-10-05,,host").unwrap();
    assert_eq!((file.rows[0].line, file.rows[0].offset), (2, 26));
}

#[test]
fn semicolons_are_named_as_the_trouble() {
    assert_eq!(
        conference("sip_id;from;until;role\n").unwrap_err(),
        "FILE:1: no column `sip_id`; separate the columns by commas `sip_id,from,until,role`"
    );
}

#[test]
fn a_column_named_twice_is_an_error() {
    assert_eq!(
        conference("sip_id,from,until,role,from\n").unwrap_err(),
        "FILE:1: two columns are named `from`; remove one"
    );
}

#[test]
fn a_file_without_a_header_is_an_error_and_one_without_rows_is_not() {
    assert!(conference("").unwrap_err().starts_with("FILE:1: is empty;"));
    assert_eq!(conference("sip_id,from,until,role\n").unwrap().rows, []);
}

#[test]
fn a_row_that_is_not_utf_8_is_one_bad_row() {
    let text = b"sip_id,from,until,role\nJos\xe9,2026-10-05,,host\nb,2026-10-05,,\n";
    let error = load_bytes(text, SideKind::Conference).unwrap_err();
    assert_eq!(error.lines().count(), 2);
    assert!(error.starts_with("FILE:2: `Jos\\xe9` is not UTF-8"));
}

#[test]
fn utf_16_is_named_as_such() {
    let error = load_bytes(b"\xff\xfes\0i\0p\0", SideKind::Messaging).unwrap_err();
    assert_eq!(error, "FILE: UTF-16 is not read yet; convert it to UTF-8");
}

#[test]
fn a_missing_side_file_is_named() {
    let error = SideFile::load(Path::new("hosts.csv"), SideKind::Conference, &TimeZone::UTC).unwrap_err();
    assert_eq!(error.to_string(), "hosts.csv: no such file or directory");
}

/// The row of these times, against the window of 5 October.
fn counts_on_the_fifth(from: &str, until: &str) -> bool {
    let window = Window { start: moment("2026-10-05T00:00:00Z"), end: moment("2026-10-06T00:00:00Z") };
    let file = load(&format!("sip_id,from,until\na,{from},{until}\n"), SideKind::Messaging).unwrap();
    file.rows[0].overlaps(window)
}

#[test]
fn a_span_counts_where_it_shares_an_instant_with_the_window() {
    assert!(counts_on_the_fifth("2026-09-01", "2026-12-01"));
    assert!(counts_on_the_fifth("2026-10-04", "2026-10-05T00:00:01"));
    assert!(!counts_on_the_fifth("2026-10-04", "2026-10-05"));
    assert!(!counts_on_the_fifth("2026-10-06", "2026-10-07"));
}

#[test]
fn an_instant_counts_where_it_lies_inside() {
    assert!(counts_on_the_fifth("2026-10-05", ""));
    assert!(counts_on_the_fifth("2026-10-05T23:59:59", ""));
    assert!(!counts_on_the_fifth("2026-10-06", ""));
}
