//! Lines of a VCF file below a header that is right.
#![no_main]

use landrace_fuzz::{put, read_genotypes};

const HEADER: &[u8] = b"##fileformat=VCFv4.3\n##contig=<ID=1,length=1000>\n\
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"\">\n\
##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"\">\n##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"\">\n\
##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"\">\n##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"\">\n\
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read_genotypes(&put("lines.vcf", &[HEADER, bytes].concat()), Default::default());
});
