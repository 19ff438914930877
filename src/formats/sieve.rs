//! A sieve for the search for many literals: sixty-four bytes are looked at together, and three bytes of each
//! literal decide whether a closer look is worth it.
//!
//! The idea is Teddy's (Hyperscan, and the `packed` searcher of aho-corasick): literals lie in eight buckets, a bit
//! each, and two shuffles tell for every byte which buckets have one with such a half at that place. That searcher
//! looks at the first bytes of each literal. Here the three bytes are taken from wherever they are rarest in a sample of
//! the very logs that are read, and literals that have three in common (`contact '`, `SIP/2.0`) may share them: so
//! hardly an ordinary line is looked at closely.

use super::needles::{Feeds, Hit, Needle, RUN};
use crate::model::marks::WIDE;
use crate::model::near::{AHEAD, fetch};

/// So many bytes of a literal are sought.
const SOUGHT: usize = 3;
/// So many sets of literals are told apart.
const BUCKETS: usize = 8;

/// Bytes of a sample that are asked: enough to hold some eighty lines.
const SAMPLE_LEN: usize = 16 << 10;
/// Bits of a [`Places`] word.
const WORD: usize = 64;
/// So many words are looked at before it is asked whether they tell enough.
const TOLD: usize = 32;

/// The search for some literals by three bytes of each.
#[derive(Debug)]
pub(super) struct Sieve {
    way: Way,
    /// For each place of the bytes sought and each half of a byte, the buckets that have a byte with such a half there.
    low: [Table; SOUGHT],
    high: [Table; SOUGHT],
    /// The same by the lower six bits of a byte.
    six: [Table; SOUGHT],
    buckets: [Vec<Sought>; BUCKETS],
}

/// Buckets by the half of a byte, as often over as the widest register holds: a search in a short text is over before
/// a register would be filled any other way.
type Table = [u8; WIDE];

/// Places of a sample, a bit each.
type Places = [u64; SAMPLE_LEN / WORD];

const NOWHERE: Places = [0; SAMPLE_LEN / WORD];

/// Where a sample has bytes with each half at each place of the bytes sought.
struct Sample {
    low: [[Places; 16]; SOUGHT],
    high: [[Places; 16]; SOUGHT],
}

impl Sample {
    /// That way makes no difference between some bytes.
    fn of(text: &[u8], way: Way) -> Box<Self> {
        let mut sample = Box::new(Self { low: [[NOWHERE; 16]; SOUGHT], high: [[NOWHERE; 16]; SOUGHT] });
        for (place, (lows, highs)) in sample.low.iter_mut().zip(&mut sample.high).enumerate() {
            let chunks = text.get(place..).unwrap_or_default().chunks(WORD).take(SAMPLE_LEN / WORD);
            for (word, chunk) in chunks.enumerate() {
                let (mut low, mut high) = ([0_u64; 16], [0_u64; 16]);
                for (at, byte) in chunk.iter().enumerate() {
                    low[usize::from(byte & 15)] |= 1 << at;
                    high[usize::from(byte >> 4)] |= 1 << at;
                }
                for half in 0..16_u8 {
                    let alike = way.alike(half).map(|half| high[usize::from(half)]);
                    lows[usize::from(half)][word] = low[usize::from(half)];
                    highs[usize::from(half)][word] = alike.into_iter().fold(0, |all, one| all | one);
                }
            }
        }
        sample
    }
}

/// The halves of bytes of one bucket, a bit each, and where the sample has them.
struct Bucket {
    halves: [(u16, u16); SOUGHT],
    places: [(Places, Places); SOUGHT],
    price: Price,
}

/// How often a bucket calls for a closer look: in the sample, and of all that three bytes can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Price(u32, u32);

impl Bucket {
    fn new() -> Self {
        Self { halves: [(0, 0); SOUGHT], places: [(NOWHERE, NOWHERE); SOUGHT], price: Price(0, 0) }
    }

    /// What it costs with three more bytes; `None` where the sample calls for more than `most` looks.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,popcnt"))]
    fn with(&self, bytes: &[u8], sample: &Sample, most: u32) -> Option<Price> {
        let mut looks = 0;
        // Most choices are poor, and a part of the sample tells.
        for from in (0..SAMPLE_LEN / WORD).step_by(TOLD) {
            let mut all = [u64::MAX; TOLD];
            for (place, byte) in bytes.iter().enumerate() {
                let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
                let part = |places: &Places| *places[from..].first_chunk::<TOLD>().expect("a whole part");
                let (known_low, known_high) = &self.places[place];
                let (known_low, known_high) = (part(known_low), part(known_high));
                let more_low = part(&sample.low[place][low]);
                let more_high = part(&sample.high[place][high]);
                for (word, all) in all.iter_mut().enumerate() {
                    *all &= (known_low[word] | more_low[word]) & (known_high[word] | more_high[word]);
                }
            }
            looks += all.iter().map(|word| word.count_ones()).sum::<u32>();
            if looks > most {
                return None;
            }
        }
        let mut room = 1;
        for ((lows, highs), byte) in self.halves.iter().zip(bytes) {
            room *= (lows | 1 << (byte & 15)).count_ones() * (highs | 1 << (byte >> 4)).count_ones();
        }
        Some(Price(looks, room))
    }

    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,popcnt"))]
    fn add(&mut self, bytes: &[u8], price: Price, sample: &Sample) {
        self.price = price;
        for (place, byte) in bytes.iter().enumerate() {
            let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
            let (known_low, known_high) = &mut self.places[place];
            let join = |known: &mut Places, more: &Places| {
                known.iter_mut().zip(more).for_each(|(known, more)| *known |= more);
            };
            join(known_low, &sample.low[place][low]);
            join(known_high, &sample.high[place][high]);
            self.halves[place].0 |= 1 << low;
            self.halves[place].1 |= 1 << high;
        }
    }
}

/// A literal of a bucket, by its number, and where in it the three bytes stand.
#[derive(Debug, Clone, Copy)]
struct Sought {
    needle: usize,
    at: usize,
}

impl Sieve {
    /// A sieve for these literals, made for logs like that sample; `None` where one of the literals has no three bytes of
    /// seven bits in a row, or the processor cannot do it.
    pub fn new(needles: &[Needle], sample: &[u8]) -> Option<Self> {
        let way = Way::best()?;
        #[cfg(target_arch = "x86_64")]
        {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has what either way needs.
            return unsafe { Self::of(way, needles, sample) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::of(way, needles, sample)
    }

    /// Most of the time goes into counting bits, for which there are instructions.
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,popcnt"))]
    fn of(way: Way, needles: &[Needle], sample: &[u8]) -> Option<Self> {
        let sample = Sample::of(sample, way);
        let mut buckets: Vec<Bucket> = (0..BUCKETS).map(|_| Bucket::new()).collect();
        let tables = [[0; WIDE]; SOUGHT];
        let mut sieve = Self { way, low: tables, high: tables, six: tables, buckets: Default::default() };
        let mut order: Vec<usize> = (0..needles.len()).collect();
        // Those with the least choice first; what longer ones have in common with them costs nothing then.
        order.sort_by_key(|number| needles[*number].bytes().len());
        for needle in order {
            let windows = needles[needle].bytes().windows(SOUGHT).enumerate();
            let ascii = windows.filter(|(_, window)| window.is_ascii());
            // One empty bucket is like another.
            let choosable = buckets.iter().take_while(|bucket| bucket.price.1 > 0).count() + 1;
            let choosable = choosable.min(BUCKETS);
            let mut best: Option<(Price, Price, usize, &[u8], usize)> = None;
            for (at, window) in ascii {
                for (number, bucket) in buckets[..choosable].iter().enumerate() {
                    let Price(known_looks, known_room) = bucket.price;
                    let most = best.map_or(u32::MAX, |(more, ..)| known_looks + more.0);
                    let Some(price) = bucket.with(window, &sample, most) else { continue };
                    let more = Price(price.0 - known_looks, price.1 - known_room);
                    if best.is_none_or(|(least, ..)| more < least) {
                        best = Some((more, price, at, window, number));
                    }
                }
            }
            let (_, price, at, window, bucket) = best?;
            buckets[bucket].add(window, price, &sample);
            sieve.buckets[bucket].push(Sought { needle, at });
            for (six, byte) in sieve.six.iter_mut().zip(window) {
                six[usize::from(*byte) % WIDE] |= 1 << bucket;
            }
        }
        for (bucket, Bucket { halves, .. }) in buckets.iter().enumerate() {
            for (place, (low, high)) in halves.iter().enumerate() {
                for at in 0..WIDE {
                    sieve.low[place][at] |= ((low >> (at % 16) & 1) as u8) << bucket;
                    sieve.high[place][at] |= ((high >> (at % 16) & 1) as u8) << bucket;
                }
            }
        }
        Some(sieve)
    }

    /// The literal whose three bytes stand first of those that begin at or behind `from`; and every line feed from
    /// there on, as far as was looked.
    pub fn find(&self, needles: &[Needle], bytes: &[u8], from: usize, feeds: &mut Feeds) -> Option<Hit> {
        #[cfg(target_arch = "x86_64")]
        {
            #[expect(
                unsafe_code,
                reason = "the compiler cannot see what was asked when the sieve was made"
            )]
            // SAFETY: no sieve is made where the processor lacks what the way needs that it names.
            return match self.way {
                Way::Avx2 => unsafe { self.find_by_avx2(needles, bytes, from, feeds) },
                Way::Avx512 => unsafe { self.find_by_avx512(needles, bytes, from, feeds) },
            };
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!(
            "no sieve is made for such a processor: {} {} {from} {feeds:?}",
            needles.len(),
            bytes.len()
        )
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn find_by_avx2(&self, needles: &[Needle], bytes: &[u8], from: usize, feeds: &mut Feeds) -> Option<Hit> {
        let tables = by_avx2::Tables::of(&self.low, &self.high);
        self.find_by(needles, bytes, from, feeds, |seen| tables.look(seen))
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,avx512bw,avx512vbmi,bmi1,popcnt")]
    fn find_by_avx512(
        &self,
        needles: &[Needle],
        bytes: &[u8],
        from: usize,
        feeds: &mut Feeds,
    ) -> Option<Hit> {
        let tables = by_avx512::Tables::of(&self.six);
        self.find_by(needles, bytes, from, feeds, |seen| tables.look(seen))
    }

    /// The search, where `look` tells of a chunk at which places three bytes may be a bucket's, and where it has line
    /// feeds: a bit each.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn find_by(
        &self,
        needles: &[Needle],
        bytes: &[u8],
        from: usize,
        feeds: &mut Feeds,
        look: impl Fn(&Seen) -> (u64, u64),
    ) -> Option<Hit> {
        let mut at = from;
        while bytes.len().saturating_sub(at) >= SEEN {
            let mut room = feeds.room();
            let mut found = 0;
            // Nothing is called in here, so the tables stay in registers; where a call would have to spare them, each chunk
            // loaded them anew, and slowly where the stack happened to put them across two lines of memory.
            for _ in 0..RUN {
                let Some(seen) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { break };
                fetch(bytes, at + AHEAD);
                let ends;
                (found, ends) = look(seen);
                room.push(at, ends);
                if found != 0 {
                    break;
                }
                at += WIDE;
            }
            if found != 0 {
                if let Some(hit) = self.closer(needles, bytes, (at, from), found) {
                    return Some(hit);
                }
                at += WIDE;
            }
        }
        let rest = bytes.get(at..)?;
        let mut seen: Seen = [0; SEEN];
        seen[..rest.len()].copy_from_slice(rest);
        let (found, ends) = look(&seen);
        feeds.push(at, ends);
        // The last two bytes begin no three.
        let behind = (WIDE..rest.len()).filter(|at| rest[*at] == b'\n');
        behind.for_each(|more| feeds.push(at + more, 1));
        self.closer(needles, bytes, (at, from), found)
    }

    /// Looks closely at the places behind `at` that have a bit in `found`; no literal begins before `from`.
    #[inline]
    fn closer(
        &self,
        needles: &[Needle],
        bytes: &[u8],
        (at, from): (usize, usize),
        mut found: u64,
    ) -> Option<Hit> {
        while found != 0 {
            let place = at + found.trailing_zeros() as usize;
            found &= found - 1;
            let mut buckets = u8::MAX;
            for (sought, byte) in bytes.get(place..place + SOUGHT)?.iter().enumerate() {
                let (low, high) = (usize::from(byte & 15), usize::from(byte >> 4));
                buckets &= self.low[sought][low] & self.high[sought][high];
            }
            while buckets != 0 {
                for sought in &self.buckets[buckets.trailing_zeros() as usize] {
                    let begin = place.checked_sub(sought.at).filter(|begin| *begin >= from);
                    if let Some(begin) = begin.filter(|begin| needles[sought.needle].is_at(bytes, *begin)) {
                        return Some(Hit { at: begin, needle: sought.needle });
                    }
                }
                buckets &= buckets - 1;
            }
        }
        None
    }
}

/// By which instructions a sieve looks.
#[derive(Debug, Clone, Copy)]
enum Way {
    Avx2,
    /// The same, twice as many bytes at a time.
    Avx512,
}

impl Way {
    /// The upper halves of bytes that it takes for one.
    const fn alike(self, high: u8) -> [u8; 4] {
        match self {
            Self::Avx2 => [high; 4],
            Self::Avx512 => [high & 3, high & 3 | 4, high & 3 | 8, high & 3 | 12],
        }
    }

    /// The best that the processor has.
    fn best() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("popcnt")
        {
            let is_wide = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi");
            return Some(if is_wide { Self::Avx512 } else { Self::Avx2 });
        }
        None
    }
}

/// Bytes that are looked at together, with those behind that belong to the last three.
type Seen = [u8; SEEN];
const SEEN: usize = WIDE + SOUGHT - 1;

/// Looks at thirty-two places at a time.
#[cfg(target_arch = "x86_64")]
mod by_avx2 {
    use super::{SOUGHT, Seen, Table};
    use crate::model::marks::{feeds_by_avx2, half};
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_testz_si256,
    };

    /// The tables of a sieve in registers.
    pub struct Tables {
        low: [__m256i; SOUGHT],
        high: [__m256i; SOUGHT],
    }

    impl Tables {
        #[inline]
        #[target_feature(enable = "avx2")]
        pub fn of(low: &[Table; SOUGHT], high: &[Table; SOUGHT]) -> Self {
            let table = |table: &Table| half(table.first_chunk().expect("half of the table"));
            Self {
                low: [table(&low[0]), table(&low[1]), table(&low[2])],
                high: [table(&high[0]), table(&high[1]), table(&high[2])],
            }
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        pub fn look(&self, seen: &Seen) -> (u64, u64) {
            let (halves, _) = seen.as_chunks();
            let feeds = feeds_by_avx2(half(&halves[0]), half(&halves[1]));
            let (first, second) = (self.buckets(seen, 0), self.buckets(seen, 32));
            let both = _mm256_or_si256(first, second);
            if _mm256_testz_si256(both, both) == 1 {
                return (0, feeds);
            }
            let none = _mm256_setzero_si256();
            let without = |buckets| _mm256_movemask_epi8(_mm256_cmpeq_epi8(buckets, none)) as u32;
            (!(u64::from(without(second)) << 32 | u64::from(without(first))), feeds)
        }

        /// For each of the thirty-two places from `at` on, the buckets that may have the three bytes there.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn buckets(&self, seen: &Seen, at: usize) -> __m256i {
            let mut all = _mm256_set1_epi8(-1);
            for place in 0..SOUGHT {
                let bytes =
                    half(seen[at + place..].first_chunk().expect("thirty-two bytes from each place on"));
                // A byte of eight bits has no low half, as the instruction has it, and so is in no bucket.
                let low = _mm256_shuffle_epi8(self.low[place], bytes);
                let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
                let high = _mm256_shuffle_epi8(self.high[place], high);
                all = _mm256_and_si256(all, _mm256_and_si256(low, high));
            }
            all
        }
    }
}

/// Looks at sixty-four places at a time.
#[cfg(target_arch = "x86_64")]
mod by_avx512 {
    use super::{SOUGHT, Seen, Table};
    use crate::model::marks::whole;
    use std::arch::x86_64::{
        __m512i, _mm512_and_si512, _mm512_cmpeq_epi8_mask, _mm512_permutexvar_epi8, _mm512_set1_epi8,
        _mm512_test_epi8_mask,
    };

    /// The tables of a sieve in registers.
    pub struct Tables([__m512i; SOUGHT]);

    impl Tables {
        #[inline]
        #[target_feature(enable = "avx512bw")]
        pub fn of(six: &[Table; SOUGHT]) -> Self {
            Self([whole(&six[0]), whole(&six[1]), whole(&six[2])])
        }

        #[inline]
        #[target_feature(enable = "avx512bw,avx512vbmi")]
        pub fn look(&self, seen: &Seen) -> (u64, u64) {
            let bytes = |place: usize| {
                whole(seen[place..].first_chunk().expect("sixty-four bytes from each place on"))
            };
            // One look at a table of sixty-four, which asks for the lower six bits only, is quicker than two at tables of
            // sixteen.
            let buckets = |place: usize| _mm512_permutexvar_epi8(bytes(place), self.0[place]);
            let first_two = _mm512_and_si512(buckets(0), buckets(1));
            let feeds = _mm512_cmpeq_epi8_mask(bytes(0), _mm512_set1_epi8(b'\n' as i8));
            (_mm512_test_epi8_mask(first_two, buckets(2)), feeds)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_finds_what_the_best_one_finds() {
        let needles: Vec<Needle> = [&b"REG-OK "[..], b"ACC: ", b"x y"].map(Needle::new).into();
        let Some(mut sieve) = Sieve::new(&needles, b"") else { return };
        let ways = match sieve.way {
            Way::Avx2 => &[Way::Avx2][..],
            Way::Avx512 => &[Way::Avx2, Way::Avx512],
        };
        let text: Vec<u8> =
            (0..4000_u32).map(|at| b"REG-OK ACC: \nx y"[at.wrapping_pow(3) as usize % 16]).collect();
        for from in 0..200 {
            let found = ways.iter().map(|way| {
                sieve.way = *way;
                let mut feeds = Feeds::default();
                let hit = sieve.find(&needles, &text, from, &mut feeds);
                let ends = feeds.before(hit.map_or(text.len(), |hit| hit.at));
                (hit, ends.into_iter().collect::<Vec<usize>>())
            });
            let found: Vec<_> = found.collect();
            assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{from}: {found:?}");
        }
    }
}
