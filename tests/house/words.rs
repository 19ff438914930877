//! Rust source as words: enough of a lexer to tell code from comments and strings.

/// A word or a single sign of the source, with the line it stands in (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub line: usize,
}

/// The words of `source` without comments, strings and character literals.
///
/// `::` is one word, so that a path reads `crate`, `::`, `model`; every other sign stands alone.
/// An identifier, a number with its suffix, or a lifetime's name is one word.
pub fn words(source: &str) -> Vec<Word> {
    let chars: Vec<char> = blank_out(source);
    let mut found = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let is_path = chars[at] == ':' && chars.get(at + 1) == Some(&':');
        if is_word(chars[at]) {
            while at < chars.len() && is_word(chars[at]) {
                at += 1;
            }
        } else {
            at += 1 + usize::from(is_path);
        }
        if chars[start] == '\n' {
            line += 1;
        } else if !chars[start].is_whitespace() {
            found.push(Word { text: chars[start..at].iter().collect(), line });
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The source with a blank for every character of a comment or a literal; line breaks stay.
fn blank_out(source: &str) -> Vec<char> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let is_inside_word = at > 0 && is_word(chars[at - 1]);
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => quote_end(&chars, at + 1, '"'),
            'r' | 'b' | 'c' if !is_inside_word => raw_end(&chars, at),
            '\'' => char_end(&chars, at),
            _ => at,
        };
        for c in &mut out[at..end] {
            if *c != '\n' {
                *c = ' ';
            }
        }
        at = end.max(at + 1);
    }
    out
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|&i| chars[i] == '\n').unwrap_or(chars.len())
}

/// Behind a block comment; they nest in Rust.
fn comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// Behind the closing quote of a literal whose text starts at `at`.
fn quote_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// Behind a literal with a prefix (`r"…"`, `br#"…"#`, `b"…"`, `b'…'`); `start` itself where a
/// plain identifier begins there.
fn raw_end(chars: &[char], start: usize) -> usize {
    let mut at = start;
    let mut is_raw = false;
    while at < chars.len() && matches!(chars[at], 'r' | 'b' | 'c') && at < start + 2 {
        is_raw |= chars[at] == 'r';
        at += 1;
    }
    let hashes = chars[at..].iter().take_while(|&&c| c == '#').count();
    match chars.get(at + hashes) {
        Some('"') if is_raw => {
            let is_end = |i: usize| {
                chars[i] == '"' && chars.get(i + 1..=i + hashes).is_some_and(|s| s.iter().all(|&c| c == '#'))
            };
            (at + hashes + 1..chars.len()).find(|&i| is_end(i)).map_or(chars.len(), |i| i + 1 + hashes)
        }
        Some('"') if hashes == 0 => quote_end(chars, at + 1, '"'),
        Some('\'') if hashes == 0 && !is_raw => quote_end(chars, at + 1, '\''),
        _ => start,
    }
}

/// Behind a character literal; `start` itself where the quote begins a lifetime.
fn char_end(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => quote_end(chars, start + 1, '\''),
        (Some(_), Some('\'')) => start + 3,
        _ => start,
    }
}

#[cfg(test)]
mod tests {
    fn texts(source: &str) -> Vec<String> {
        super::words(source).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn comments_and_literals_are_no_words() {
        assert_eq!(texts("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(
            texts(r###"a "b\"c" d r#"e " f"# g b'"' h '"' i '\'' j b"k" l"###),
            "adghijl".split("").filter(|s| !s.is_empty()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_lifetime_opens_no_literal() {
        assert_eq!(texts("&'a str; 'x' b"), ["&", "'", "a", "str", ";", "b"]);
    }

    #[test]
    fn a_word_that_only_begins_like_a_literal_is_a_word() {
        assert_eq!(texts("br ra r#try b::c"), ["br", "ra", "r", "#", "try", "b", "::", "c"]);
    }

    #[test]
    fn lines_are_counted_through_what_is_left_out() {
        let words = super::words("\"a\nb\" /* c\n */ d");
        assert_eq!((words[0].text.as_str(), words[0].line), ("d", 3));
    }
}
