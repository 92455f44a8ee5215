//! From reads to calls, on real reads.

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "reference_index_equals_samtools",
        "genome_yeast_r64",
        &["samtools", "gunzip"],
        reference_index,
    )]
}

fn reference_index(bench: &Bench) {
    let genome = bench.data("genome_yeast_r64/S288C_R64-1-1.fa.gz");
    std::fs::write(bench.path("yeast.fa.gz"), std::fs::read(&genome).unwrap()).unwrap();
    bench.run("gunzip", "yeast.fa.gz");
    bench.run("samtools", "faidx yeast.fa -o theirs.fai");
    bench.landrace("index yeast.fa");
    let read = |name| std::fs::read_to_string(bench.path(name)).unwrap();
    assert_eq!(read("yeast.fa.fai"), read("theirs.fai"));
}
