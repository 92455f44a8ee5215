//! Counts over bit planes, by ploidy. The throughput is in bytes of planes, so that ploidies compare by plane.
//!
//! `cargo bench -p landrace-bench --bench kernels`; `LANDRACE_SIMD=scalar` (or `avx2`) caps the level.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use landrace_genotypes::kernel::{compare_samples, dosage_counts, pair_sums};
use landrace_genotypes::plane::{BitPlanes, MISSING};
use landrace_simulate::random::Stream;

const SAMPLES: usize = 4_096;

/// Two variants of one ploidy, with 2% of the calls missing.
fn variants(ploidy: u8) -> BitPlanes {
    let mut planes = BitPlanes::new(ploidy, SAMPLES);
    for row in 0..2 {
        let mut stream = Stream::of(1, "kernels", row);
        let mut code = || match stream.chance(0.02) {
            true => MISSING,
            false => (0..ploidy).map(|_| u8::from(stream.chance(0.3))).sum(),
        };
        let codes: Vec<u8> = (0..SAMPLES).map(|_| code()).collect();
        planes.push_row(&codes);
    }
    planes
}

fn kernels(criterion: &mut Criterion) {
    for ploidy in [2, 4, 6, 8] {
        let planes = variants(ploidy);
        let (x, y) = (planes.row(0), planes.row(1));
        let words = x.words();
        let bytes = Throughput::Bytes((x.bits().len() * 8) as u64);
        let mut group = criterion.benchmark_group("row");
        group.throughput(bytes.clone());
        group.bench_function(BenchmarkId::new("dosage_counts", ploidy), |bench| {
            bench.iter(|| dosage_counts(black_box(x.bits()), words, ploidy));
        });
        group.finish();
        let mut group = criterion.benchmark_group("pair");
        group.throughput(bytes);
        group.bench_function(BenchmarkId::new("pair_sums", ploidy), |bench| {
            bench.iter(|| pair_sums(black_box(x.bits()), black_box(y.bits()), words));
        });
        // Steps of the dosage and a plane of what is there, as the comparison of samples takes them.
        let steps: Vec<u64> = (0..=u64::from(ploidy)).flat_map(|step| vec![!0 << step; words]).collect();
        group.bench_function(BenchmarkId::new("compare_samples", ploidy), |bench| {
            bench.iter(|| compare_samples(black_box(&steps), black_box(&steps), words));
        });
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
