//! A text read word by word, as servers print fields: by the marks of its line, where it is a part
//! of one.

use super::line_marks::LineMarks;
use super::text::near;

/// The marks of the line that a text is a part of, and where in the line it begins.
#[derive(Debug, Clone, Copy)]
pub struct Marked<'m> {
    marks: &'m LineMarks,
    begin: usize,
}

impl<'m> Marked<'m> {
    /// For a text that ends where the line does; `None` where it is another text, rewritten from the
    /// line, or where not all of the line is marked.
    pub fn of(text: &[u8], line: &[u8], marks: &'m LineMarks) -> Option<Self> {
        let begin = (text.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
        (begin <= line.len() && line.len() - begin >= text.len() && marks.is_whole())
            .then_some(Self { marks, begin })
    }
}

/// So many blanks are found at once.
const AHEAD: usize = 8;

/// What is left of a text.
#[derive(Debug, Clone, Copy)]
pub struct Words<'t> {
    text: &'t [u8],
    at: usize,
    /// Where in the text the next blanks stand; `next` of them have been passed.
    blanks: [u32; AHEAD],
    next: usize,
    known: usize,
}

impl<'t> Words<'t> {
    /// What follows the label; `None` where the text does not begin with it.
    #[inline]
    pub fn behind(label: &[u8], text: &'t [u8], marked: Option<Marked<'_>>) -> Option<Self> {
        if !text.starts_with(label) {
            return None;
        }
        let mut words = Self { text, at: label.len(), blanks: [0; AHEAD], next: 0, known: 0 };
        match marked {
            Some(Marked { marks, begin }) => {
                let places = marks.blanks_from(begin + words.at);
                for (blank, at) in words.blanks.iter_mut().zip(places) {
                    *blank = (at - begin) as u32;
                    words.known += 1;
                }
                // A text may end before its line does.
                while words.known > 0 && words.blanks[words.known - 1] as usize >= text.len() {
                    words.known -= 1;
                }
            }
            None => words.look_ahead(),
        }
        Some(words)
    }

    /// Finds the next blanks of a text behind those that are known.
    #[cold]
    fn look_ahead(&mut self) {
        (self.next, self.known) = (0, 0);
        let mut from = self.at;
        while self.known < AHEAD
            && let Some(len) = near(b' ', &self.text[from..])
            && let Ok(at) = u32::try_from(from + len)
        {
            self.blanks[self.known] = at;
            self.known += 1;
            from += len + 1;
        }
    }

    /// What has not been read.
    #[inline(always)]
    pub fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    /// Goes on behind that label (which holds no blank), where the rest begins with it.
    #[inline(always)]
    pub fn skip(&mut self, label: &[u8]) -> Option<()> {
        self.rest().starts_with(label).then(|| self.at += label.len())
    }

    /// What stands before the next blank; goes on behind that.
    #[inline(always)]
    pub fn until_blank(&mut self) -> Option<&'t [u8]> {
        if self.next == self.known {
            self.look_ahead();
        }
        let end = *self.blanks[..self.known].get(self.next)? as usize;
        let field = self.text.get(self.at..end)?;
        (self.at, self.next) = (end + 1, self.next + 1);
        Some(field)
    }

    /// The same, where it is not empty.
    #[inline(always)]
    pub fn word(&mut self) -> Option<&'t [u8]> {
        self.until_blank().filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marks_change_nothing(line in "[ a:]{0,190}", from in 0_usize..190, cut in 0_usize..9) {
            let line = line.as_bytes();
            let text = &line[from.min(line.len())..];
            let text = &text[..text.len().saturating_sub(cut)];
            let mut marks = LineMarks::default();
            marks.find(line);
            let marked = Marked::of(text, line, &marks);
            prop_assert!(marked.is_some());
            let label = &text[..text.len().min(2)];
            let of = |marked| Words::behind(label, text, marked).unwrap();
            let (mut one, mut other) = (of(marked), of(None));
            loop {
                prop_assert_eq!(one.rest(), other.rest());
                let field = one.until_blank();
                prop_assert_eq!(field, other.until_blank());
                if field.is_none() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_text_that_was_rewritten_has_no_marks_of_its_line() {
        let line = b"a b";
        let mut marks = LineMarks::default();
        marks.find(line);
        let rewritten = line.to_vec();
        assert!(Marked::of(&rewritten, line, &marks).is_none());
    }
}
