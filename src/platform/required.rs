//! What a text must hold for a pattern to match it: asked first, it spares nearly every rule its regular expression.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A literal this long is as good as any longer one.
const LONG: usize = 4;

/// Literals of which at least one stands, but for the case of ASCII letters, in every text that the pattern matches;
/// `None` where it has none.
pub(super) fn required(pattern: &Hir) -> Option<Vec<Vec<u8>>> {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) => letters(pattern).map(|literal| vec![literal]),
        HirKind::Capture(group) => required(&group.sub),
        HirKind::Repetition(repeated) => required(&repeated.sub).filter(|_| repeated.min > 0),
        HirKind::Alternation(branches) => {
            branches.iter().map(required).collect::<Option<Vec<_>>>().map(|each| each.concat())
        }
        HirKind::Concat(parts) => {
            let mut best = None;
            let mut row = Vec::new();
            for part in parts {
                match letters(part) {
                    Some(more) => row.extend(more),
                    None => {
                        best = better(best, some_literal(std::mem::take(&mut row)));
                        best = better(best, required(part));
                    }
                }
            }
            better(best, some_literal(row))
        }
    }
}

/// The bytes of a literal in lower case, where the pattern is one, or a letter in either case.
fn letters(pattern: &Hir) -> Option<Vec<u8>> {
    let both = match pattern.kind() {
        HirKind::Literal(literal) => return Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect::<Vec<_>>()
        }
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(|range| (range.start(), range.end())).collect()
        }
        _ => return None,
    };
    match both[..] {
        [(upper @ 'A'..='Z', upper_end), (lower, lower_end)]
            if upper == upper_end && lower == lower_end && lower == upper.to_ascii_lowercase() =>
        {
            Some(vec![lower as u8])
        }
        _ => None,
    }
}

fn some_literal(row: Vec<u8>) -> Option<Vec<Vec<u8>>> {
    (!row.is_empty()).then(|| vec![row])
}

/// Of two sets the one whose literals are longer, or else fewer.
fn better(one: Option<Vec<Vec<u8>>>, other: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let worth = |literals: &Vec<Vec<u8>>| {
        let shortest = literals.iter().map(Vec::len).min().unwrap_or(0);
        (shortest.min(LONG), std::cmp::Reverse(literals.len()))
    };
    match (&one, &other) {
        (Some(first), Some(second)) if worth(second) <= worth(first) => one,
        (_, None) => one,
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, literals: &[&str]) {
        let found = required(&regex_syntax::parse(pattern).unwrap()).unwrap_or_default();
        let found: Vec<_> = found.iter().map(|literal| String::from_utf8_lossy(literal)).collect();
        assert_eq!(found, literals, "{pattern}");
    }

    #[test]
    fn a_literal_is_required_without_regard_to_case() {
        check("^Bria iOS", &["bria ios"]);
        check("(?-u)(?i)^snom", &["snom"]);
        check("(?i)snom", &["nom"]);
    }

    #[test]
    fn one_of_the_branches_is_required_if_each_has_a_literal() {
        check("^(?:Acme|Zeta)/", &["acme", "zeta"]);
        check("(?:Acme|[0-9]+)/x?", &["/"]);
        check("Acme|[0-9]+", &[]);
    }

    #[test]
    fn the_longer_literals_are_taken() {
        check("^[^/]+/x+ \\(build [0-9]*(iOS)", &[" (build "]);
        check("a[0-9](?:bcd)+", &["bcd"]);
    }

    #[test]
    fn what_may_be_absent_is_not_required() {
        check("(?:abc)?(?:def)*", &[]);
        check("", &[]);
        check("[ab]", &[]);
        check("[Aa][Bb]", &["ab"]);
        check("[Ab]", &[]);
    }
}
