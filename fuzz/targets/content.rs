//! Any bytes, as a file of whatever format they look like.
#![no_main]

use landrace_fuzz::{put, read_genotypes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read_genotypes(&put("content", bytes), Default::default()));
