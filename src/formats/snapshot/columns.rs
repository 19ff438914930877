//! The columns of a location table, however it is dumped: one row is one binding.

use super::binding::{Binding, Field, contact_id, without_carets};
use crate::model::{Dialect, RejectReason, Sink, Spot};

/// Whose table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `location` of Kamailio or OpenSIPS; the columns tell which.
    Location,
    /// `ps_contacts`: Asterisk's PJSIP, realtime.
    PsContacts,
    /// `sippeers`: Asterisk's chan_sip, realtime; a peer that is not registered has a row too.
    SipPeers,
}

impl Table {
    /// The table of that name, without quotes and schema.
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"location" => Self::Location,
            b"ps_contacts" => Self::PsContacts,
            b"sippeers" | b"sip_peers" => Self::SipPeers,
            _ => return None,
        })
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Location => "location-table",
            Self::PsContacts => "asterisk-ps-contacts",
            Self::SipPeers => "asterisk-sippeers",
        }
    }
}

/// What one column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Field(Field),
    /// A contact's id, with the AOR in front.
    ContactId,
    /// A URI in which Asterisk may have written `^3B` for `;`.
    CaretUri,
    /// `0` where nobody is registered (chan_sip).
    RegisteredUntil,
}

/// A table's columns, and where in a row we are.
#[derive(Debug)]
pub(super) struct Columns {
    table: Table,
    dialect: Dialect,
    columns: Vec<Column>,
    at: usize,
    plain: Vec<u8>,
}

/// No table of ours has more columns; a name list that goes on is none.
const COLUMNS_MAX: usize = 256;

impl Columns {
    /// A table whose columns are still to come.
    pub fn new(table: Table) -> Self {
        let dialect = match table {
            Table::Location => Dialect::Unknown,
            Table::PsContacts | Table::SipPeers => Dialect::Asterisk,
        };
        Self { table, dialect, columns: Vec::new(), at: 0, plain: Vec::new() }
    }

    /// The next column's name.
    pub fn name(&mut self, name: &[u8]) {
        if self.columns.len() == COLUMNS_MAX {
            return;
        }
        match name {
            b"ruid" => self.dialect = Dialect::Kamailio,
            b"contact_id" if self.table == Table::Location => self.dialect = Dialect::OpenSips,
            _ => {}
        }
        let column = match (self.table, name) {
            (Table::Location, b"username") | (Table::SipPeers, b"name") => Column::Field(Field::Aor),
            (Table::Location, b"domain") => Column::Field(Field::Domain),
            (Table::Location, b"contact") => Column::Field(Field::Contact),
            (Table::Location, b"callid") | (Table::PsContacts, b"call_id") => Column::Field(Field::CallId),
            (Table::Location, b"cseq") => Column::Field(Field::Cseq),
            (Table::Location, b"expires") => Column::Field(Field::ExpiresAt),
            (Table::Location, b"last_modified") => Column::Field(Field::LastModified),
            (Table::Location | Table::PsContacts, b"user_agent") | (Table::SipPeers, b"useragent") => {
                Column::Field(Field::Agent)
            }
            (Table::PsContacts, b"id") => Column::ContactId,
            (Table::PsContacts, b"uri") => Column::CaretUri,
            (Table::PsContacts, b"via_addr") | (Table::SipPeers, b"ipaddr") => Column::Field(Field::SourceIp),
            (Table::SipPeers, b"regseconds") => Column::RegisteredUntil,
            _ => Column::Field(Field::Ignored),
        };
        self.columns.push(column);
    }

    /// Whether the columns are known and hold what makes a binding.
    pub fn is_known(&self) -> bool {
        let holds = |column| self.columns.contains(&column);
        match self.table {
            Table::Location => holds(Column::Field(Field::Aor)) && holds(Column::Field(Field::Contact)),
            Table::PsContacts => holds(Column::ContactId) && holds(Column::CaretUri),
            Table::SipPeers => holds(Column::Field(Field::Aor)) && holds(Column::RegisteredUntil),
        }
    }

    /// A row begins.
    pub fn begin(&mut self, spot: Spot, binding: &mut Binding) {
        self.at = 0;
        binding.begin(self.table.source(), self.dialect, spot);
    }

    /// The row's next value, its escapes undone; `None` for NULL.
    pub fn value(&mut self, value: Option<&[u8]>, binding: &mut Binding) {
        let column = self.columns.get(self.at).copied();
        self.at += 1;
        let Some(column) = column else { return };
        let value = match value {
            Some(value) => value,
            // The place is there and holds nothing: no header was sent.
            None if column == Column::Field(Field::Agent) => b"",
            None => return,
        };
        match column {
            Column::Field(field) => binding.put(field, value),
            Column::ContactId => match contact_id(value) {
                Some(aor) => {
                    without_carets(aor, &mut self.plain);
                    binding.put(Field::Aor, &self.plain);
                }
                None => binding.spoil(RejectReason::Truncated),
            },
            Column::CaretUri => {
                without_carets(value, &mut self.plain);
                binding.put(Field::Contact, &self.plain);
            }
            Column::RegisteredUntil => {
                if value == b"0" || value.is_empty() {
                    binding.is_gone();
                }
            }
        }
    }

    /// The row is over.
    pub fn end(&mut self, binding: &mut Binding, sink: &mut impl Sink) {
        if self.at != self.columns.len() {
            binding.spoil(RejectReason::Truncated);
        }
        if self.table == Table::Location {
            binding.join_domain();
        }
        binding.tell(sink);
    }
}
