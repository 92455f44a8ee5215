//! Any text as a table of the format that the first byte names, whatever it looks like; the second byte says the ploidy.
#![no_main]

use landrace_fuzz::{put, read_genotypes};
use landrace_genotypes::format::ReadOptions;

const NAMES: [&str; 18] = [
    "hapmap",
    "flapjack",
    "ped",
    "uneak",
    "madc",
    "allele-counts",
    "final-report",
    "axiom",
    "dart",
    "fitpoly",
    "kasp",
    "kasp-grid",
    "agriplex",
    "structure",
    "read-counts",
    "by-marker",
    "core-hunter",
    "by-sample",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [format, ploidy, rest @ ..] = bytes else { return };
    let name = NAMES[usize::from(*format) % NAMES.len()];
    if name == "ped" {
        put("table.map", b"1 a 0 1\n1 b 0 2\n");
    }
    let path = put(if name == "ped" { "table.ped" } else { "table" }, rest);
    let ploidy = Some(ploidy % 9).filter(|&ploidy| ploidy > 0);
    read_genotypes(&path, ReadOptions { read_as: Some(name.to_owned()), ploidy, ..ReadOptions::default() });
});
