//! `book show`: the book as it holds, for every tenant, with where each value came from.

use super::load::Book;
use super::section::{Origin, Row, Shown};
use super::tenants::Tenant;
use std::fmt::Write as _;

/// The widest value that still moves the column of origins; longer ones push theirs aside.
const VALUE_WIDTH_MAX: usize = 48;

/// The effective book as aligned text: defaults and overrides applied, every value with its
/// origin (`book:12`, `tenant acme:40` or `default`). Ends with a line feed.
pub fn show(book: &Book) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key:<7} {value}");
    };
    line("book", &book.path.display().to_string());
    line("blake3", &book.digest);

    let editions = book.editions.iter().flat_map(|edition| &edition.tenants);
    let tenants: Vec<&Tenant> = book.tenants.iter().chain(editions).collect();
    let all = || book.shown.iter().chain(tenants.iter().flat_map(|tenant| &tenant.shown));
    let rows = || all().flat_map(|table| &table.rows);
    let width = |text: &str| text.chars().count();
    let key_width = rows().map(|row| width(&row.key)).max().unwrap_or(0);
    let value_width = rows().map(|row| width(&row.value).min(VALUE_WIDTH_MAX)).max().unwrap_or(0);
    let widths = (key_width, value_width);

    for table in &book.shown {
        push_table(&mut text, table, "", widths);
    }
    // What a tenant overrides on the top level stands with its name and domains.
    let top_rows = book.shown.first().map_or(&[][..], |top| &top.rows);
    for (number, tenant) in book.tenants.iter().enumerate() {
        let _ = write!(text, "\ntenant {}\n", tenant.name);
        let (own, tables) =
            tenant.shown.split_first().map_or((&[][..], &[][..]), |(own, rest)| (&own.rows[..], rest));
        let is_own = |row: &&Row| own.iter().any(|mine| mine.key == row.key);
        let inherited = top_rows
            .iter()
            .filter(|row| ["currency", "rounding"].contains(&row.key.as_str()) && !is_own(row));
        if tenant.domains.is_empty() {
            let every = Row { key: "domains".into(), value: "every domain".into(), origin: Origin::Default };
            push_row(&mut text, &every, "  ", widths);
        }
        for row in own.iter().filter(|row| row.key != "name").chain(inherited) {
            push_row(&mut text, row, "  ", widths);
        }
        for table in tables {
            push_table(&mut text, table, "  ", widths);
        }
        let mut before = tenant;
        for edition in &book.editions {
            let then = &edition.tenants[number];
            let changed: Vec<&Shown> =
                then.shown.iter().skip(1).filter(|table| !before.shown.contains(table)).collect();
            if !changed.is_empty() {
                let _ = write!(text, "\n  from cycles that begin on {}\n", edition.from);
            }
            changed.into_iter().for_each(|table| push_table(&mut text, table, "    ", widths));
            before = then;
        }
    }
    text
}

fn push_table(text: &mut String, table: &Shown, indent: &str, widths: (usize, usize)) {
    if table.title.is_empty() {
        text.push('\n');
        for row in &table.rows {
            push_row(text, row, indent, widths);
        }
        return;
    }
    let _ = write!(text, "\n{indent}{}\n", table.title);
    let deeper = format!("{indent}  ");
    for row in &table.rows {
        // The title says it already.
        if !(["category", "name"].contains(&row.key.as_str()) && table.title.ends_with(&row.value)) {
            push_row(text, row, &deeper, widths);
        }
    }
}

fn push_row(text: &mut String, row: &Row, indent: &str, (key_width, value_width): (usize, usize)) {
    let origin = match &row.origin {
        Origin::Default => "default".to_owned(),
        Origin::Book(line) => format!("book:{line}"),
        Origin::Tenant(tenant, line) => format!("tenant {tenant}:{line}"),
    };
    // Deeper keys start further right; their values still stand in one column.
    let pad = (key_width + 4).saturating_sub(indent.len());
    let (key, value) = (&row.key, &row.value);
    let _ = writeln!(text, "{indent}{key:<pad$}  {value:<value_width$}  {origin}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_value_stands_with_its_origin() {
        let book = "schema = 1\ncurrency = 'EUR'\n[cycle]\nkind = 'month'\nanchor = 2026-01-01\nzone = 'UTC'\n\
                    [activity]\nbillable_agents = ['^A/']\n[[charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1'\n\
                    [[tenant]]\nname = 'a'\ndomains = ['a.example']\ncurrency = 'CZK'\n\
                    [[tenant.charge]]\ncategory = 'generic'\nmodel = 'graduated'\n\
                    tiers = [ { upto = 5, price = '2' }, { price = '1' } ]\n\
                    [[version]]\nfrom = 2027-01-01\n[version.tax]\nlabel = 'VAT'\nrate = '20'\n";
        let shown = show(&Book::parse(Path::new("b.toml"), book).unwrap());
        let without_digest: Vec<&str> = shown.lines().filter(|line| !line.starts_with("blake3")).collect();
        insta::assert_snapshot!(without_digest.join("\n"), @r"
        book    b.toml

        schema               1                      book:1
        currency             EUR                    book:2
        rounding             half_up                default

        cycle
          kind               month                  book:4
          anchor             2026-01-01             book:5
          zone               UTC                    book:6
          short_cycle        full                   default

        tenant a
          domains            a.example              tenant a:15
          currency           CZK                    tenant a:16
          rounding           half_up                default

          activity
            billable_agents  ^A/                    book:8
            push_agents      ^Acrobits SIPIS        default
            push_sources     none                   default
            no_agent         refuse                 default
            push_server      count                  default
            sustained        open                   default
            exclude          none                   default
            cross_category   each                   default

          charge generic
            enabled          true                   default
            model            graduated              tenant a:19
            tiers            1-5 at 2, from 6 at 1  tenant a:20
            included         0                      default
            minimum          -                      default
            enabled_from     -                      default
            enabled_until    -                      default

          from cycles that begin on 2027-01-01

            tax
              label          VAT                    book:24
              rate           20                     book:25
        ");
    }
}
