//! The two containers: pcap and pcapng. Records with a number, a time and a link type.

use crate::model::Moment;
use crate::read::InputError;
use crate::read::decode;
use pcap_parser::pcapng::{Block, parse_block_be, parse_block_le};
use pcap_parser::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// No packet and no block of a capture is longer: a claim beyond it is damage.
const BLOCK_MAX: usize = 16 << 20;
/// How much is asked for at a time.
const READ_LEN: usize = 256 << 10;
/// No section has more interfaces.
const INTERFACES_MAX: usize = 1 << 16;
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The packet block of early pcapng writers, which the crate does not know.
const OLD_PACKET: u32 = 2;
/// The last second of the year 9999, the last that a moment may be shown with.
const SECONDS_MAX: i128 = 253_402_300_799;

/// Whether these first bytes are a capture: pcap in both byte orders, with micro- or nanoseconds,
/// or pcapng. Four bytes decide for the first, twelve for the second, whose first four are line
/// ends that a text may start with too.
pub fn is_capture(start: &[u8]) -> bool {
    let is_section = start.starts_with(&SECTION)
        && matches!(start.get(8..12), Some([0x1a, 0x2b, 0x3c, 0x4d] | [0x4d, 0x3c, 0x2b, 0x1a]));
    is_section
        || start.first_chunk().is_some_and(|&magic| {
            let magic = u32::from_le_bytes(magic);
            matches!(magic, 0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1 | 0xa1b2_cd34)
        })
}

/// One packet; its bytes are asked of [`Packets::bytes`].
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Counted from 1, as Wireshark does.
    pub number: u64,
    /// `None` where the container carries no time, or one beyond the year 9999.
    pub moment: Option<Moment>,
    /// As the registry of link types numbers them.
    pub link: i32,
    range: Range<usize>,
}

/// The packets of a capture, one after the other.
pub(super) struct Packets<R> {
    path: PathBuf,
    reader: R,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer starts.
    start: usize,
    /// Where the buffer starts in the stream.
    offset: u64,
    number: u64,
    container: Container,
}

enum Container {
    Unknown,
    Pcap { link: i32, form: Form, is_nano: bool },
    PcapNg { is_big_endian: bool, interfaces: Vec<Interface> },
}

#[derive(Clone, Copy)]
enum Form {
    Little,
    Big,
    /// Kuznetzov's: eight more bytes in front of each packet.
    Modified,
}

#[derive(Clone, Copy)]
struct Interface {
    link: i32,
    snap_len: u32,
    /// Ticks in a second, as the file writes it: a power of ten, or of two with the high bit.
    resolution: u8,
    offset_seconds: i64,
}

impl<R: Read> Packets<R> {
    pub fn new(path: &Path, reader: R) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            number: 0,
            container: Container::Unknown,
        }
    }

    /// Packets so far.
    pub fn count(&self) -> u64 {
        self.number
    }

    /// What the packet holds, until the next one is asked for.
    pub fn bytes(&self, record: &Record) -> &[u8] {
        &self.buffer[record.range.clone()]
    }

    /// The next packet; `None` at the end.
    pub fn next_record(&mut self) -> Result<Option<Record>, InputError> {
        loop {
            match self.container {
                Container::Unknown => self.open()?,
                Container::Pcap { link, form, is_nano } => return self.pcap_record(link, form, is_nano),
                Container::PcapNg { .. } => match self.block()? {
                    Step::Record(record) => return Ok(Some(record)),
                    Step::Other => {}
                    Step::End => return Ok(None),
                },
            }
        }
    }

    fn open(&mut self) -> Result<(), InputError> {
        self.fill(4)?;
        if self.unread().starts_with(&SECTION) {
            self.container = Container::PcapNg { is_big_endian: false, interfaces: Vec::new() };
            return Ok(());
        }
        if !self.fill(24)? {
            return Err(self.broken("capture ends inside its header"));
        }
        let header = match parse_pcap_header(self.unread()) {
            Ok((_, header)) => header,
            Err(_) => return Err(self.broken("no header of a capture")),
        };
        let form = match (header.is_modified_format(), header.is_bigendian()) {
            (true, _) => Form::Modified,
            (false, true) => Form::Big,
            (false, false) => Form::Little,
        };
        // The upper bits say how long the frame check is, which the lengths inside make needless.
        let link = header.network.0 & 0xffff;
        self.container = Container::Pcap { link, form, is_nano: header.is_nanosecond_precision() };
        self.start += 24;
        Ok(())
    }

    fn pcap_record(&mut self, link: i32, form: Form, is_nano: bool) -> Result<Option<Record>, InputError> {
        let header_len = if matches!(form, Form::Modified) { 24 } else { 16 };
        if !self.fill(header_len)? {
            return if self.unread().is_empty() { Ok(None) } else { Err(self.cut()) };
        }
        let len = u32_at(self.unread(), 8, matches!(form, Form::Big)) as usize;
        if len > BLOCK_MAX {
            return Err(self.broken(&format!("packet claims {len} bytes")));
        }
        if !self.fill(header_len + len)? {
            return Err(self.cut());
        }
        let parse = match form {
            Form::Little => parse_pcap_frame,
            Form::Big => parse_pcap_frame_be,
            Form::Modified => parse_pcap_frame_modified,
        };
        let Ok((_, packet)) = parse(self.unread()) else { return Err(self.broken("damaged packet")) };
        let fraction = i64::from(packet.ts_usec) / if is_nano { 1_000 } else { 1 };
        let moment = Moment::from_micros(i64::from(packet.ts_sec) * 1_000_000 + fraction);
        let range = self.start + header_len..self.start + header_len + len;
        self.start = range.end;
        self.number += 1;
        Ok(Some(Record { number: self.number, moment: Some(moment), link, range }))
    }

    /// Reads one block of a pcapng file.
    fn block(&mut self) -> Result<Step, InputError> {
        if !self.fill(12)? {
            return if self.unread().is_empty() { Ok(Step::End) } else { Err(self.cut()) };
        }
        if self.unread().starts_with(&SECTION) {
            let is_big_endian = match self.unread()[8..12] {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => return Err(self.broken("section without a byte order")),
            };
            // A new section numbers its interfaces anew.
            self.container = Container::PcapNg { is_big_endian, interfaces: Vec::new() };
        }
        let Container::PcapNg { is_big_endian, .. } = self.container else { return Ok(Step::End) };
        let len = u32_at(self.unread(), 4, is_big_endian) as usize;
        if !(12..=BLOCK_MAX).contains(&len) {
            return Err(self.broken(&format!("block claims {len} bytes")));
        }
        if !self.fill(len)? {
            return Err(self.cut());
        }
        let at = self.start;
        let Some(packet) = self.read_block(at..at + len, is_big_endian) else {
            return Err(self.broken("damaged block"));
        };
        self.start += len;
        let Found::Packet { interface, ticks, from, len: data_len } = packet else {
            return Ok(Step::Other);
        };
        self.number += 1;
        let moment = ticks.and_then(|ticks| interface.moment(ticks));
        let range = at + from..at + from + data_len;
        Ok(Step::Record(Record { number: self.number, moment, link: interface.link, range }))
    }

    /// What a whole block says; `None` where it is damaged.
    fn read_block(&mut self, range: Range<usize>, is_big_endian: bool) -> Option<Found> {
        let bytes = &self.buffer[range];
        let Container::PcapNg { interfaces, .. } = &mut self.container else { return None };
        let parse = if is_big_endian { parse_block_be } else { parse_block_le };
        let field = |at| u32_at(bytes, at, is_big_endian);
        let ticks = |high: u32, low: u32| Some(u64::from(high) << 32 | u64::from(low));
        let (interface, ticks, from, len) = match parse(bytes).ok()?.1 {
            Block::InterfaceDescription(interface) => {
                if interfaces.len() == INTERFACES_MAX {
                    return None;
                }
                interfaces.push(Interface {
                    link: interface.linktype.0 & 0xffff,
                    snap_len: interface.snaplen,
                    resolution: interface.if_tsresol,
                    offset_seconds: interface.if_tsoffset,
                });
                return Some(Found::Other);
            }
            Block::EnhancedPacket(packet) => {
                (packet.if_id, ticks(packet.ts_high, packet.ts_low), 28, packet.caplen as usize)
            }
            // It carries no time and belongs to the first interface.
            Block::SimplePacket(packet) => {
                let snap_len = match interfaces.first()?.snap_len {
                    0 => usize::MAX,
                    len => len as usize,
                };
                (0, None, 12, (packet.origlen as usize).min(snap_len).min(bytes.len() - 16))
            }
            Block::Unknown(_) if field(0) == OLD_PACKET && bytes.len() >= 32 => {
                let two = [bytes[8], bytes[9]];
                let id = if is_big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
                (u32::from(id), ticks(field(12), field(16)), 28, field(20) as usize)
            }
            _ => return Some(Found::Other),
        };
        let interface = *interfaces.get(interface as usize)?;
        // The last four bytes repeat the block's length.
        (from + len <= bytes.len() - 4).then_some(Found::Packet { interface, ticks, from, len })
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Reads on until `len` bytes are there; whether they are.
    fn fill(&mut self, len: usize) -> Result<bool, InputError> {
        while self.unread().len() < len {
            // Only here do bytes move, and at most once for each read.
            self.buffer.drain(..self.start);
            self.offset += self.start as u64;
            self.start = 0;
            let held = self.buffer.len();
            self.buffer.resize(held + READ_LEN, 0);
            let read = self.reader.read(&mut self.buffer[held..]);
            self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error().is_some() => {
                    return Err(InputError::unreadable(&self.path, error));
                }
                Err(error) => {
                    let what = decode::damage(&error);
                    self.start = self.buffer.len();
                    return Err(self.broken(&what.to_string()));
                }
            }
        }
        Ok(true)
    }

    fn cut(&self) -> InputError {
        self.broken("capture ends inside a packet")
    }

    fn broken(&self, what: &str) -> InputError {
        InputError::BrokenCapture {
            path: self.path.clone(),
            offset: self.offset + self.start as u64,
            packets: self.number,
            what: what.into(),
        }
    }
}

enum Step {
    Record(Record),
    Other,
    End,
}

enum Found {
    Packet { interface: Interface, ticks: Option<u64>, from: usize, len: usize },
    Other,
}

impl Interface {
    /// The moment of so many ticks, cut to microseconds.
    fn moment(self, ticks: u64) -> Option<Moment> {
        let exponent = u32::from(self.resolution & 0x7f);
        let base: u128 = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(exponent)?;
        // 64 bits of ticks times a million stay within 84 bits.
        let micros = (u128::from(ticks) * 1_000_000 / per_second) as i128;
        let micros = micros + i128::from(self.offset_seconds) * 1_000_000;
        (0..=SECONDS_MAX * 1_000_000)
            .contains(&micros)
            .then(|| i64::try_from(micros).ok().map(Moment::from_micros))?
    }
}

/// Four bytes that are known to be there.
fn u32_at(bytes: &[u8], at: usize, is_big_endian: bool) -> u32 {
    let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
}
