//! The names under which a pattern captures, and what one record gave them.

/// A group of a regular expression, or a name on the left of `fields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Aor,
    User,
    Domain,
    Ua,
    Contact,
    Expires,
    CallId,
    Cseq,
    Method,
    Code,
    Ip,
    Time,
}

impl Field {
    pub(super) const COUNT: usize = 12;

    /// Every field, in the order of their numbers.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Aor,
        Self::User,
        Self::Domain,
        Self::Ua,
        Self::Contact,
        Self::Expires,
        Self::CallId,
        Self::Cseq,
        Self::Method,
        Self::Code,
        Self::Ip,
        Self::Time,
    ];

    /// The name an operator writes.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Aor => "aor",
            Self::User => "user",
            Self::Domain => "domain",
            Self::Ua => "ua",
            Self::Contact => "contact",
            Self::Expires => "expires",
            Self::CallId => "callid",
            Self::Cseq => "cseq",
            Self::Method => "method",
            Self::Code => "code",
            Self::Ip => "ip",
            Self::Time => "time",
        }
    }

    /// The field of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// The fields that a pattern declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Declared(u16);

impl Declared {
    pub(super) const fn add(&mut self, field: Field) {
        self.0 |= 1 << field as u16;
    }

    pub(super) const fn has(self, field: Field) -> bool {
        self.0 & (1 << field as u16) != 0
    }
}

/// What one record gave the fields: `None` where the pattern or the record has no such field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fields<'t> {
    values: [Option<&'t [u8]>; Field::COUNT],
}

impl<'t> Fields<'t> {
    pub(super) const fn set(&mut self, field: Field, value: &'t [u8]) {
        self.values[field as usize] = Some(value);
    }

    pub(super) const fn raw(&self, field: Field) -> Option<&'t [u8]> {
        self.values[field as usize]
    }

    /// The value without blanks around it; `None` also for the texts that servers write where
    /// they have nothing to write.
    #[inline]
    pub(super) fn given(&self, field: Field) -> Option<&'t [u8]> {
        let value = self.raw(field)?;
        // Nearly always it is nothing of the kind. No blank is behind the space, and what is longer than any of those
        // texts need not be compared with them.
        if let ([first, ..], [.., last]) = (value, value)
            && first.min(last) > &b' '
            && (value.len() > 6 || !matches!(first, b'-' | b'<'))
        {
            return Some(value);
        }
        let value = value.trim_ascii();
        (!matches!(value, b"" | b"-" | b"<null>")).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stands_at_its_own_number_and_name() {
        for (number, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, number);
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
    }
}
