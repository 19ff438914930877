use super::decode::gzip;
use super::*;
use proptest::prelude::*;

fn stream(bytes: impl Into<Vec<u8>>) -> Stream {
    Stream::over(Path::new("-"), io::Cursor::new(bytes.into())).unwrap()
}

/// The blocks until the end or the first error.
fn blocks(stream: &mut Stream, target: usize) -> (Vec<OwnedBlock>, Option<InputError>) {
    let mut blocks = Vec::new();
    loop {
        match stream.next_block(target) {
            Ok(Some(block)) => blocks.push(block),
            Ok(None) => return (blocks, None),
            Err(error) => return (blocks, Some(error)),
        }
    }
}

fn texts(blocks: &[OwnedBlock]) -> Vec<&[u8]> {
    blocks.iter().map(|block| &block.bytes[..]).collect()
}

/// A pipe whose writer is slow: one byte a read, and interrupted before each.
struct Trickle(Vec<u8>, usize, bool);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(&byte) = self.0.get(self.1) else { return Ok(0) };
        buffer[0] = byte;
        self.1 += 1;
        Ok(1)
    }
}

#[test]
fn a_stream_without_bytes_has_no_blocks_and_a_digest() {
    let mut stream = stream("");
    assert!(stream.next_block(10).unwrap().is_none());
    assert_eq!(stream.digest(), Some(blake3::hash(b"")));
}

#[test]
fn a_last_line_without_an_end_is_given_out() {
    let (blocks, error) = blocks(&mut stream("one\r\ntwo"), 4);
    assert_eq!(texts(&blocks), [&b"one\r\n"[..], b"two"]);
    assert_eq!(blocks[1].offset, 5);
    assert!(error.is_none());
}

#[test]
fn a_slow_interrupted_pipe_is_read_to_its_end() {
    for raw in [b"one\ntwo\n".to_vec(), [gzip(b"one\n"), gzip(b"two\n")].concat()] {
        let mut stream = Stream::over(Path::new("-"), Trickle(raw.clone(), 0, false)).unwrap();
        let (blocks, error) = blocks(&mut stream, 5);
        assert_eq!(texts(&blocks).concat(), b"one\ntwo\n");
        assert!(error.is_none());
        assert_eq!(stream.digest(), Some(blake3::hash(&raw)));
        assert_eq!(stream.raw_bytes_read(), raw.len() as u64);
    }
}

#[test]
fn a_line_of_twenty_megabytes_is_cut_once_whatever_the_target() {
    let mut bytes = b"short\n".to_vec();
    bytes.resize(20 << 20, b'x');
    bytes.extend_from_slice(b"\nlast\n");
    for target in [1 << 20, usize::MAX] {
        let (blocks, error) = blocks(&mut stream(bytes.clone()), target);
        assert!(error.is_none());
        assert_eq!(texts(&blocks).concat(), bytes);
        let cut_lines: Vec<_> =
            blocks.iter().filter(|block| block.continues).map(|block| block.offset).collect();
        assert_eq!(cut_lines, [6 + LINE_MAX as u64]);
    }
}

#[test]
fn a_truncated_gzip_gives_what_it_has_and_then_the_same_error_again() {
    let lines: String = (0..50_000).map(|number| format!("line {number}\n")).collect();
    let mut raw = gzip(lines.as_bytes());
    raw.truncate(raw.len() / 2);
    let mut stream = Stream::over(Path::new("reg.log.gz"), io::Cursor::new(raw)).unwrap();
    let (blocks, error) = blocks(&mut stream, 1000);
    let text = texts(&blocks).concat();
    assert!(!text.is_empty() && lines.as_bytes().starts_with(&text));
    let expected = format!(
        "reg.log.gz: stream ends inside a block at byte {}; {} lines were read; \
         refusing to bill on a part",
        text.len(),
        count_lines(&text)
    );
    assert_eq!(error.unwrap().to_string(), expected);
    assert_eq!(stream.next_block(1000).unwrap_err().to_string(), expected);
    assert_eq!(stream.digest(), None);
}

#[test]
fn a_forgiven_cut_ends_with_the_last_whole_line() {
    let lines: String = (0..50_000).map(|number| format!("line {number}\n")).collect();
    let mut raw = gzip(lines.as_bytes());
    raw.truncate(raw.len() / 2);
    let mut cut = stream(raw.clone());
    let (all, _) = blocks(&mut cut, 1000);
    let decoded = texts(&all).concat();
    let mut forgiving = stream(raw);
    forgiving.forgive_cut();
    let (whole, error) = blocks(&mut forgiving, 1000);
    assert!(error.is_none() && forgiving.is_cut());
    let text = texts(&whole).concat();
    assert!(text.ends_with(b"\n") && decoded.starts_with(&text) && !decoded[text.len()..].contains(&b'\n'));
    assert_eq!(forgiving.digest(), None);
}

#[test]
fn corruption_is_not_forgiven() {
    let mut raw = gzip(b"one\n");
    let checksum = raw.len() - 8;
    raw[checksum] ^= 1;
    let mut stream = stream(raw);
    stream.forgive_cut();
    let (_, error) = blocks(&mut stream, 1000);
    assert!(error.is_some() && !stream.is_cut());
}

#[test]
fn a_recycled_buffer_is_used_again() {
    let mut stream = stream("one\ntwo\n");
    let mut buffer = Vec::with_capacity(12_345);
    buffer.push(b'?');
    stream.recycle(buffer);
    let block = stream.next_block(4).unwrap().unwrap();
    assert_eq!(block.bytes, b"one\n");
    assert_eq!(block.bytes.capacity(), 12_345);
}

proptest! {
    #[test]
    fn what_is_put_back_comes_again(
        lines in prop::collection::vec("[a-c]{0,8}", 0..40),
        target in 1usize..60,
        backs in prop::collection::vec(0_usize..30, 1..9),
        is_compressed: bool,
    ) {
        let bytes = lines.join("\n").into_bytes();
        let raw = if is_compressed { gzip(&bytes) } else { bytes.clone() };
        let mut stream = stream(raw);
        let mut kept = Vec::new();
        for back in backs.iter().cycle() {
            let Some(block) = stream.next_block(target).unwrap() else { break };
            prop_assert_eq!(block.offset, kept.len() as u64);
            let (front, end) = block.bytes.split_at(block.bytes.len() - back.min(&(block.bytes.len() - 1)));
            prop_assert!(stream.may_go_on() || kept.len() + block.bytes.len() == bytes.len());
            stream.put_back(end);
            prop_assert!(stream.may_go_on() || end.is_empty());
            prop_assert_eq!(stream.lines, count_lines(&[&kept[..], front].concat()));
            kept.extend_from_slice(front);
            stream.recycle(block.bytes);
        }
        prop_assert_eq!(kept, bytes);
        prop_assert!(!stream.may_go_on());
    }

    #[test]
    fn blocks_are_the_whole_stream_in_order_and_end_at_line_ends(
        lines in prop::collection::vec("[a-c\r]{0,8}", 0..40),
        target in 1usize..60,
        is_compressed: bool,
    ) {
        let bytes = lines.join("\n").into_bytes();
        let raw = if is_compressed { gzip(&bytes) } else { bytes.clone() };
        let mut stream = stream(raw.clone());
        let (blocks, error) = blocks(&mut stream, target);
        prop_assert!(error.is_none());
        let mut covered = 0;
        for block in &blocks {
            prop_assert_eq!(block.offset, covered as u64);
            prop_assert!(!block.bytes.is_empty() && !block.continues);
            covered += block.bytes.len();
            prop_assert!(covered == bytes.len() || block.bytes.ends_with(b"\n"));
        }
        prop_assert_eq!(texts(&blocks).concat(), bytes);
        prop_assert_eq!(stream.digest(), Some(blake3::hash(&raw)));
    }
}
