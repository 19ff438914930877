use super::*;

fn load(bytes: &[u8]) -> Result<VendorFile, VendorError> {
    load_with(bytes, None)
}

fn load_with(bytes: &[u8], map: Option<&ColumnMap>) -> Result<VendorFile, VendorError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    VendorFile::load(file.path(), map)
}

/// Line, user, category, amount and problem of every row.
fn shown(bytes: &[u8]) -> Vec<String> {
    let row = |row: &VendorRow| {
        format!(
            "{} {} {} {} {}",
            row.line,
            row.user,
            row.category.map_or("-", Category::name),
            row.amount.map_or("-".to_owned(), |amount| amount.to_string()),
            row.problem.as_ref().map_or("", |(reason, _)| reason)
        )
    };
    load(bytes).unwrap().rows.iter().map(row).collect()
}

const PLAIN: &str = "User;Product;Price\nbob@a.example;Mobile;1,10\n\"eve@a.example\";Desktop users;0,90\n";

#[test]
fn delimiter_decimal_sign_and_encoding_are_found_out() {
    let expected = ["2 bob@a.example generic 1.1 ", "3 eve@a.example desktop 0.9 "];
    let utf16 = |text: &str| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let commas = PLAIN.replace(',', ".").replace(';', ",");
    for bytes in [
        PLAIN.as_bytes().to_vec(),
        PLAIN.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{PLAIN}").into_bytes(),
        utf16(PLAIN),
        commas.clone().into_bytes(),
        commas.replace(',', "\t").into_bytes(),
        commas.replace(',', "|").into_bytes(),
    ] {
        assert_eq!(shown(&bytes), expected, "{}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(shown(format!("sep=;\n{PLAIN}").as_bytes())[0], "3 bob@a.example generic 1.1 ");
}

#[test]
fn a_bad_row_keeps_its_place_and_says_why() {
    let text = "user,category,amount\n\
        4.20777E+11,mobile,1\n\
        ,mobile,1\n\
        bob@a.example,fax,1\n\
        bob@a.example,mobile,one\n\
        bob@a.example,mobile\n\
        bob@a.example,mobile,1,10\n\
        #NAME?,mobile,1\n\
        ,,\n\
        \"a\nb@a.example\",mobile,1\n\
        bob@a.example,mobile,1,,\n";
    let reasons: Vec<String> = shown(text.as_bytes());
    let ends: Vec<&str> = reasons.iter().map(|row| row.rsplit(' ').next().unwrap()).collect();
    assert_eq!(
        ends,
        [
            "number_rounded",
            "no_user",
            "unknown_category",
            "bad_amount",
            "column_count",
            "column_count",
            "spreadsheet_error",
            "bad_user",
            ""
        ]
    );
    assert!(reasons[7].starts_with("10 ") && reasons[8].starts_with("12 "), "{reasons:#?}");
    assert_eq!(load(text.as_bytes()).unwrap().empty_rows, 1);
}

#[test]
fn a_quoted_cell_may_hold_a_line_end_and_must_be_closed() {
    let text = "user,note\nbob@a.example,\"two\nlines\"\neve@a.example,x\n";
    assert_eq!(shown(text.as_bytes()), ["2 bob@a.example - - ", "4 eve@a.example - - "]);
    let text = "user,note\nbob@a.example,\"two\neve@a.example,x\nmallory@a.example,y\n";
    let error = load(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains(":2: a quotation mark is never closed"), "{error}");
}

#[test]
fn a_bare_list_of_users_needs_no_header() {
    assert_eq!(shown(b"sip:bob@a.example\nsip:eve@a.example\n").len(), 2);
}

#[test]
fn columns_that_nobody_knows_are_asked_for() {
    let error = load(b"Who,What\nbob,mobile\n").unwrap_err().to_string();
    assert!(error.contains("the first line has `Who`, `What`; write a map"), "{error}");
    let error = load(b"user,from\nbob@a,01/10/2026\n").unwrap_err().to_string();
    assert!(error.contains("`01/10/2026` can be read as two dates"), "{error}");
    let error = load(b"PK\x03\x04...").unwrap_err().to_string();
    assert!(error.contains("save the sheet as CSV"), "{error}");
}

#[test]
fn a_map_names_columns_and_words() {
    let mut map = ColumnMap { default_domain: Some("a.example".to_owned()), ..ColumnMap::default() };
    map.columns.insert(Field::User, Column::Named("who".to_owned()));
    map.columns.insert(Field::Category, Column::Numbered(2));
    map.categories.insert("Taschentelefon".to_owned(), Category::Generic);
    let file = load_with(b"Who,What\nbob,taschentelefon\n", Some(&map)).unwrap();
    assert_eq!(file.rows[0].user, "bob@a.example");
    assert_eq!(file.rows[0].category, Some(Category::Generic));
    map.columns.insert(Field::Amount, Column::Named("Net".to_owned()));
    let error = load_with(b"Who,What\nbob,x\n", Some(&map)).unwrap_err().to_string();
    assert!(error.contains("no column `Net` for `amount`; its columns are `Who`, `What`"), "{error}");
}
