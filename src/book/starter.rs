//! The book that `book init` writes.

/// A commented price book that loads as it stands.
pub const STARTER: &str = include_str!("starter.toml");

#[cfg(test)]
mod tests {
    use super::super::Book;
    use super::STARTER;
    use std::path::Path;

    #[test]
    fn the_starter_book_loads_without_problems_or_warnings() {
        let book = Book::parse(Path::new("starter.toml"), STARTER).unwrap();
        assert_eq!(book.warnings, []);
        assert_eq!(book.tenants[0].name, "default");
    }

    /// The parts that are commented out must be right as well: an operator removes the `#`.
    #[test]
    fn the_starter_book_loads_with_every_example_switched_on() {
        let is_example = |line: &str| {
            line.starts_with("#[") || line.contains(" = ") && line.starts_with('#') && !line.starts_with("# ")
        };
        let all: String = STARTER
            .lines()
            .map(|line| if is_example(line) { &line[1..] } else { line })
            .flat_map(|line| [line, "\n"])
            .collect();
        let folder = tempfile::tempdir().unwrap();
        for name in ["messaging.csv", "hosts.csv"] {
            std::fs::write(folder.path().join(name), "sip_id,from,until,role\n").unwrap();
        }
        std::fs::write(folder.path().join("pbx1-aors.csv"), "aor,sip_id\n").unwrap();
        let book = Book::parse(&folder.path().join("starter.toml"), &all).unwrap();
        assert_eq!(book.warnings, []);
        assert_eq!(book.tenants[0].name, "acme");
        assert_eq!(book.config.sources.len(), 1);
        assert_eq!(book.config.patterns.len(), 1);
        assert_eq!(book.config.platform_rules.len(), 1);
        assert_eq!(book.tenants[0].tariff.charges.len(), 4);
    }
}
