//! The whole block of the storage reference: written, read, and damaged at every byte.

use std::sync::Arc;

use super::*;
use crate::frame::LabelFrame;
use crate::matcher::Matcher;
use crate::symbols::Symbols;
use crate::tombstones::Stones;

const WHOLE: &str = "
    baaad70002
    00000019 00000006 00 085f5f6e616d655f5f 0161 0162 036a6f62 027570 9d4add99
    00000000000000000000
    0b 02 0105 0402 01 d00f e807 08 2224567d
    0b 02 0105 0403 01 d00f e807 1d 6f88a9c6
    0000000c 00000002 00000003 00000004 495848d7
    0000000c 00000002 00000003 00000004 495848d7
    00000008 00000001 00000003 a7692ed2
    00000008 00000001 00000004 73a34a39
    00000027 00000004 02000050 02085f5f6e616d655f5f02757064 02036a6f62016178 02036a6f620162 8801 077743eb
    0000000000000005 0000000000000026 0000000000000050 0000000000000098 0000000000000050 0000000000000098 5bb39040";

fn whole() -> Vec<u8> {
    let digits: Vec<u8> = WHOLE.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn labels() -> LabelFrame {
    let row = |job| vec![("__name__", "up"), ("job", job)];
    LabelFrame::from_pairs(Arc::new(Symbols::default()), &[row("a"), row("b")]).unwrap()
}

#[test]
fn the_index_is_written_as_prometheus_writes_it() {
    let labels = labels();
    let table = labels.symbols.read();
    let mut encoder = IndexEncoder::new(&labels).unwrap();
    let mut file = encoder.symbols(&table).unwrap();
    for chunk_ref in [8, 29] {
        let chunks = ChunkMetas::new(&[0, 1], &[1000], &[2000], std::slice::from_ref(&chunk_ref)).unwrap();
        file.extend(encoder.series(&labels, &chunks).unwrap());
    }
    file.extend(encoder.postings(&labels).unwrap());
    file.extend(encoder.end(&table).unwrap());
    assert_eq!(hex(&file), hex(&whole()));
}

/// Everything that an index can be asked, as text.
fn answers(data: &[u8]) -> Outcome<String> {
    let index = BlockIndex::open(data)?;
    let reader = index.reader(data);
    let matcher = |name, op, value| Matcher::new(name, op, value).unwrap();
    let questions = [
        vec![],
        vec![matcher("__name__", "=", "up")],
        vec![matcher("job", "=", "b")],
        vec![matcher("job", "=~", "a|b"), matcher("__name__", "!=", "")],
        vec![matcher("job", "=~", "[^b]+"), matcher("job", "!~", "x.*y|z")],
        vec![matcher("__name__", "=", "up"), matcher("job", "!=", "a")],
    ];
    let mut out = String::new();
    for matchers in &questions {
        let matchers: Vec<&Matcher> = matchers.iter().collect();
        let ids = reader.select(&matchers)?;
        let stones = Stones::new(&[], &[], &[])?;
        let found = reader.series(&Arc::default(), &ids, i64::MIN, i64::MAX, stones)?;
        let table = found.labels.symbols.read();
        let texts: Vec<String> = found.labels.values.iter().map(|&value| table.string(value)).collect();
        let chunks = &found.chunks;
        out +=
            &format!("{:?} {texts:?} {:?} {:?} {:?}", found.ids, chunks.offsets, chunks.min_ms, chunks.refs);
        out += &format!("{:?} {:?}", reader.label_names(&matchers)?, reader.label_values("job", &matchers)?);
    }
    Ok(out)
}

#[test]
fn no_damaged_byte_makes_the_reader_panic_or_lie() {
    let good = whole();
    let answer = answers(&good).unwrap();
    assert!(answer.contains(r#"[3, 4] ["up", "a", "up", "b"] [0, 1, 2] [1000, 1000] [8, 29]"#), "{answer}");
    let padding = 38..48;
    for at in 0..good.len() {
        for flipped in [1, 0x80, 0xff] {
            let mut damaged = good.clone();
            damaged[at] ^= flipped;
            match answers(&damaged) {
                Err(KernelError::Corruption(_)) => assert!(!padding.contains(&at), "{at}"),
                other => assert!(padding.contains(&at) || at == 4, "{at}: {other:?}"),
            }
        }
    }
}

#[test]
fn no_cut_file_opens() {
    let good = whole();
    for length in 0..good.len() {
        assert!(matches!(answers(&good[..length]), Err(KernelError::Corruption(_))), "{length}");
    }
}

/// `file` with right checksums around its symbols, entries, lists, table and contents.
fn mended(mut file: Vec<u8>) -> Vec<u8> {
    for (start, end) in
        [(9, 34), (49, 60), (65, 76), (84, 96), (104, 116), (124, 132), (140, 148), (156, 195), (199, 247)]
    {
        let crc = crc32c::crc32c(&file[start..end]);
        file[end..end + 4].copy_from_slice(&crc.to_be_bytes());
    }
    file
}

#[test]
fn nonsense_with_right_checksums_makes_no_panic() {
    let good = whole();
    assert_eq!(mended(good.clone()), good);
    for at in 0..good.len() {
        for byte in [0, 1, 2, 5, 0x7f, 0x80, 0xff] {
            let mut damaged = good.clone();
            damaged[at] = byte;
            let outcome = answers(&mended(damaged));
            assert!(matches!(outcome, Ok(_) | Err(KernelError::Corruption(_))), "{at}: {outcome:?}");
        }
    }
}

#[test]
fn series_that_do_not_rise_and_parts_out_of_turn_are_misuse() {
    let symbols = Arc::new(Symbols::default());
    let row = |value| vec![("a", value)];
    for rows in [vec![row("y"), row("x")], vec![row("x"), row("x")], vec![vec![]]] {
        let frame = LabelFrame::from_pairs(symbols.clone(), &rows).unwrap();
        assert!(matches!(IndexEncoder::new(&frame), Err(KernelError::Misuse(_))));
    }
    let labels = labels();
    let mut encoder = IndexEncoder::new(&labels).unwrap();
    assert!(encoder.postings(&labels).is_err());
    encoder.symbols(&labels.symbols.read()).unwrap();
    assert!(encoder.symbols(&labels.symbols.read()).is_err());
    for (min_ms, max_ms, refs) in
        [([0, 5], [5, 6], [8, 9]), ([0, 9], [5, 8], [8, 9]), ([0, 9], [5, 10], [8, 7])]
    {
        let chunks = ChunkMetas::new(&[0, 2], &min_ms, &max_ms, &refs).unwrap();
        assert!(matches!(encoder.series(&labels, &chunks), Err(KernelError::Misuse(_))));
    }
}
