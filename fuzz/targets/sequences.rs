//! Reads, references, sample sheets and regions: the first byte chooses.
#![no_main]

use landrace_fuzz::put;
use landrace_genome::read::{ReadBatch, ReadReader};
use landrace_genome::sheet::SampleSheet;
use landrace_genome::{Reference, file};
use landrace_genotypes::filter::Regions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    let path = put("sequences", rest);
    match first % 4 {
        0 => {
            let _ = std::fs::remove_file(file::beside(&path, ".fai"));
            let _ = Reference::open(&path);
        }
        1 => {
            let _ = SampleSheet::read(&path);
        }
        2 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                let _ = Regions::default().add_bed(text);
            }
        }
        _ => read_reads(&path),
    }
});

fn read_reads(path: &std::path::Path) {
    let Ok(input) = file::open(path) else { return };
    let (mut reader, mut batch) = (ReadReader::new(input), ReadBatch::default());
    while reader.read_batch(&mut batch, 100).is_ok_and(|read| read > 0) {
        batch.clear();
    }
}
