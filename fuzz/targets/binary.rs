//! PLINK `.bed` with its tables, and BCF: the first byte chooses.
#![no_main]

use landrace_fuzz::{put, read_genotypes};

const BCF: &[u8] = b"##fileformat=VCFv4.3\n##FILTER=<ID=PASS,Description=\"\">\n##contig=<ID=1,length=1000>\n\
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"\">\n\
##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"\">\n\
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n\0";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [first, rest @ ..] = bytes else { return };
    if first % 2 == 0 {
        let length = u32::try_from(BCF.len()).unwrap_or(0).to_le_bytes();
        return read_genotypes(
            &put("records.bcf", &[b"BCF\x02\x02", length.as_slice(), BCF, rest].concat()),
            Default::default(),
        );
    }
    // The tables, then the calls, apart by a zero byte.
    let mut parts = rest.splitn(3, |&byte| byte == 0);
    for ending in ["bim", "fam"] {
        put(&format!("set.{ending}"), parts.next().unwrap_or_default());
    }
    let calls = [b"\x6c\x1b\x01", parts.next().unwrap_or_default()].concat();
    read_genotypes(&put("set.bed", &calls), Default::default());
});
