//! A text read word by word, as servers print fields: by the marks of its line, where it is a part
//! of one.

use super::line_marks::{LineMarks, Places};
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

/// So many blanks are found at once where none are marked.
const AHEAD: usize = 8;

/// What is left of a text.
#[derive(Debug, Clone)]
pub struct Words<'t, 'm> {
    text: &'t [u8],
    at: usize,
    blanks: Blanks<'m>,
}

/// Where the next blanks of a text stand.
#[derive(Debug, Clone)]
enum Blanks<'m> {
    /// In its line, in which the text begins there.
    Marked(Places<'m>, usize),
    /// In the text; so many of them are known, and so many have been passed.
    Found { places: [u32; AHEAD], known: usize, passed: usize },
}

impl<'t, 'm> Words<'t, 'm> {
    /// What follows the label; `None` where the text does not begin with it.
    #[inline]
    pub fn behind(label: &[u8], text: &'t [u8], marked: Option<Marked<'m>>) -> Option<Self> {
        if !text.starts_with(label) {
            return None;
        }
        let blanks = match marked {
            Some(Marked { marks, begin }) => Blanks::Marked(marks.blanks_from(begin + label.len()), begin),
            None => Blanks::Found { places: [0; AHEAD], known: 0, passed: 0 },
        };
        Some(Self { text, at: label.len(), blanks })
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
        let end = match &mut self.blanks {
            Blanks::Marked(places, begin) => places.next()? - *begin,
            Blanks::Found { places, known, passed } => {
                if passed == known {
                    (*known, *passed) = (look_ahead(self.text, self.at, places), 0);
                }
                let end = *places[..*known].get(*passed)? as usize;
                *passed += 1;
                end
            }
        };
        // A text may end before its line does.
        let field = self.text.get(self.at..end).filter(|_| end < self.text.len())?;
        self.at = end + 1;
        Some(field)
    }

    /// The same, where it is not empty.
    #[inline(always)]
    pub fn word(&mut self) -> Option<&'t [u8]> {
        self.until_blank().filter(|word| !word.is_empty())
    }
}

/// Finds the next blanks of a text from there on, and returns how many.
#[cold]
fn look_ahead(text: &[u8], mut from: usize, places: &mut [u32; AHEAD]) -> usize {
    let mut known = 0;
    while known < AHEAD
        && let Some(len) = near(b' ', &text[from..])
        && let Ok(at) = u32::try_from(from + len)
    {
        places[known] = at;
        known += 1;
        from += len + 1;
    }
    known
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
