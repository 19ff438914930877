//! Numbers, addresses and stamps, written without the formatting machinery: a log line has a dozen of them, and
//! `write!` took three times as long as the rest of the line.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Writes a number in decimal.
pub(super) fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes the last `N` decimal digits of a number, zeros in front.
pub(super) fn digits<const N: usize>(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; N];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits);
}

/// Writes the last `N` hexadecimal digits of a number, in lower case.
pub(super) fn hex<const N: usize>(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; N];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    out.extend_from_slice(&digits);
}

/// Writes an address of 10.0.0.0/8, which is nobody's.
pub(super) fn address(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(b"10.");
    decimal(out, (number >> 16 & 255).into());
    out.push(b'.');
    decimal(out, (number >> 8 & 255).into());
    out.push(b'.');
    decimal(out, (number & 255).into());
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// How a server writes the time of day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StampForm {
    /// `Oct  5 14:03:22`, as RFC 3164 has it.
    Syslog,
    /// `2026-10-05 14:03:22`.
    Plain,
    /// `Mon Oct  5 14:03:22 2026`, as C's `ctime` has it.
    Ctime,
}

/// The text of the second that was asked for last: in a dense log most lines share it with their neighbour.
#[derive(Debug)]
pub(super) struct Stamp {
    form: StampForm,
    second: Option<i64>,
    text: Vec<u8>,
}

impl Stamp {
    pub(super) fn new(form: StampForm) -> Self {
        Self { form, second: None, text: Vec::new() }
    }

    /// Writes the stamp of a moment, in microseconds since 1970.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, micros: i64) {
        let second = micros.div_euclid(1_000_000);
        if self.second != Some(second) {
            self.second = Some(second);
            self.fill(civil(second));
        }
        out.extend_from_slice(&self.text);
    }

    fn fill(&mut self, time: DateTime) {
        let text = &mut self.text;
        text.clear();
        match self.form {
            StampForm::Plain => {
                digits::<4>(text, time.year().unsigned_abs().into());
                text.push(b'-');
                digits::<2>(text, time.month().unsigned_abs().into());
                text.push(b'-');
                digits::<2>(text, time.day().unsigned_abs().into());
            }
            StampForm::Syslog | StampForm::Ctime => {
                if self.form == StampForm::Ctime {
                    let day = time.weekday().to_monday_zero_offset().unsigned_abs();
                    text.extend_from_slice(DAYS[usize::from(day)].as_bytes());
                    text.push(b' ');
                }
                text.extend_from_slice(MONTHS[usize::from(time.month().unsigned_abs()) - 1].as_bytes());
                text.extend_from_slice(if time.day() < 10 { b"  " } else { b" " });
                decimal(text, time.day().unsigned_abs().into());
            }
        }
        for (mark, part) in [(b' ', time.hour()), (b':', time.minute()), (b':', time.second())] {
            text.push(mark);
            digits::<2>(text, part.unsigned_abs().into());
        }
        if self.form == StampForm::Ctime {
            text.push(b' ');
            digits::<4>(text, time.year().unsigned_abs().into());
        }
    }
}

/// The date and time of a second since 1970, in UTC. Seconds outside the calendar are its first or last.
fn civil(second: i64) -> DateTime {
    let timestamp =
        Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX });
    TimeZone::UTC.to_datetime(timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("only ASCII is written here")
    }

    #[test]
    fn numbers_are_written_whole_or_to_a_width() {
        assert_eq!(written(|out| decimal(out, 0)), "0");
        assert_eq!(written(|out| decimal(out, u64::MAX)), u64::MAX.to_string());
        assert_eq!(written(|out| digits::<4>(out, 12_345)), "2345");
        assert_eq!(written(|out| hex::<4>(out, 0xabc)), "0abc");
    }

    #[test]
    fn addresses_are_private_ones() {
        assert_eq!(written(|out| address(out, 0x1_02ff)), "10.1.2.255");
    }

    #[test]
    fn each_form_of_stamp_is_its_servers() {
        let stamp = |form| written(|out| Stamp::new(form).write(out, 1_791_209_002_500_000));
        assert_eq!(stamp(StampForm::Syslog), "Oct  5 14:03:22");
        assert_eq!(stamp(StampForm::Plain), "2026-10-05 14:03:22");
        assert_eq!(stamp(StampForm::Ctime), "Mon Oct  5 14:03:22 2026");
    }
}
