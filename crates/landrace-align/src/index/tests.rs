use std::io::Write as _;

use landrace_genome::Reference;

use super::*;
use crate::syncmer::{K, SyncmerScratch, context, mix, syncmers};

fn reference(lengths: &[usize]) -> (tempfile::TempDir, Reference) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ref.fa");
    let mut output = file::create(&path).unwrap();
    for (contig, &length) in lengths.iter().enumerate() {
        writeln!(output, ">c{contig}").unwrap();
        let mut bases: Vec<u8> =
            (0..length as u64).map(|i| b"ACGT"[(mix(i + 1_000_003 * contig as u64) & 3) as usize]).collect();
        if length > 500 {
            bases[100..130].fill(b'N');
        }
        bases.chunks(70).for_each(|line| writeln!(output, "{}", String::from_utf8_lossy(line)).unwrap());
    }
    output.finish().unwrap();
    let reference = Reference::open(path).unwrap();
    (folder, reference)
}

#[test]
fn every_seed_of_the_reference_is_found_at_its_place_with_all_contexts() {
    let (_folder, reference) = reference(&[3_001, 35, 10, 2_000]);
    let index = Index::build(&reference);
    let mut seeds = Vec::new();
    let mut found = 0;
    for (id, contig) in reference.contigs().iter() {
        let codes: Vec<u8> =
            reference.bases(id, Interval::new(0, contig.length)).iter().map(|&b| packed::code(b)).collect();
        syncmers(&codes, &mut SyncmerScratch::default(), &mut seeds, None);
        for (at, seed) in seeds.iter().enumerate() {
            let Context { second, third, .. } = context(&seeds, at, codes.len());
            let key = index.table().key(seed.hash, second, third);
            let place = index.bounds(id).0 + u64::from(seed.position);
            let mut range = index.table().bucket(key);
            for strobes in 1..=3 {
                range = index.table().narrow(range, key, strobes);
                assert!((range.start..range.end).any(|entry| index.table().place(entry) == place));
            }
            assert_eq!(index.contig_at(place), id);
            for i in 0..K {
                let code = index.sequence().code(place + i as u64);
                assert_eq!(code, codes[seed.position as usize + i]);
            }
            found += 1;
        }
    }
    assert_eq!(found, index.seeds());
    assert_eq!(index.gaps_in(0, 200), &[(100, 130)]);
    assert!(index.gaps_in(130, 200).is_empty());
}
use crate::syncmer::Context;

#[test]
fn is_the_same_at_any_thread_count_and_read_back() {
    let (folder, reference) = reference(&[5_000, 400]);
    let build = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut bytes = Vec::new();
        pool.install(|| Index::build(&reference)).write(&mut bytes).unwrap();
        bytes
    };
    let bytes = build(1);
    assert!(bytes == build(3));
    let path = index_path(&folder.path().join("ref.fa"));
    let mut output = file::create(&path).unwrap();
    output.write_all(&bytes).unwrap();
    output.finish().unwrap();
    let index = Index::open(&path).unwrap();
    assert_eq!(index.contigs(), reference.contigs());
    index.check_reference(&path, &reference).unwrap();
}

#[test]
fn tells_a_reference_of_other_bases_by_the_place() {
    let (folder, reference) = reference(&[5_000, 400]);
    let index = Index::build(&reference);
    let path = folder.path().join("ref.fa");
    let mut text = file::read_text(&path).unwrap().into_bytes();
    let at = reference.layout()[1].offset as usize;
    text[at + 5] = if text[at + 5] == b'A' { b'C' } else { b'A' };
    let mut output = file::create(&path).unwrap();
    output.write_all(&text).unwrap();
    output.finish().unwrap();
    let error = index.check_reference(&path, &Reference::open(&path).unwrap()).unwrap_err().to_string();
    assert!(error.contains("another base at c1:6"), "{error}");
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let (folder, reference) = reference(&[5_000]);
    let mut bytes = Vec::new();
    Index::build(&reference).write(&mut bytes).unwrap();
    let message = |bytes: &[u8]| {
        let path = folder.path().join("other.lri");
        let mut output = file::create(&path).unwrap();
        output.write_all(bytes).unwrap();
        output.finish().unwrap();
        Index::open(&path).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(message(b"something else").contains("is no Landrace index; make it again"));
    assert!(message(&bytes[..bytes.len() - 1]).contains("bytes, not"));
    let mut other = bytes.clone();
    other[8] = 99;
    assert!(message(&other).contains("version 99"));
    let mut other = bytes.clone();
    other[256] ^= 1;
    assert!(message(&other).contains("checksum"));
    bytes[20] ^= 1;
    assert!(message(&bytes).contains("header is damaged"));
}
