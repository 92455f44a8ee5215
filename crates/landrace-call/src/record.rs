//! A called site as a VCF record.

use noodles::core::Position;
use noodles::vcf::variant::RecordBuf;
use noodles::vcf::variant::record::samples::series::value::genotype::Phasing;
use noodles::vcf::variant::record_buf::info::field::Value as InfoValue;
use noodles::vcf::variant::record_buf::info::field::value::Array as InfoArray;
use noodles::vcf::variant::record_buf::samples::sample::Value;
use noodles::vcf::variant::record_buf::samples::sample::value::genotype::Allele;
use noodles::vcf::variant::record_buf::samples::sample::value::{Array, Genotype};
use noodles::vcf::variant::record_buf::{Filters, Info, Samples};

use crate::filter::strand_bias;
use crate::read::base_letter;
use crate::site::SampleCall;
use crate::tile::PlacedCall;

fn letters(codes: &[u8]) -> String {
    codes.iter().map(|&code| char::from(base_letter(code))).collect()
}

/// Rounds to `digits` decimals, so that text stays short.
fn rounded(value: f64, digits: i32) -> f32 {
    let scale = 10f64.powi(digits);
    ((value * scale).round() / scale) as f32
}

/// Makes the record of a site; `ploidies` are the samples' on its contig.
pub(crate) fn record(placed: &PlacedCall, contig: &str, ploidies: &[u8]) -> RecordBuf {
    let call = &placed.call;
    let filters = if call.filters.is_empty() {
        Filters::pass()
    } else {
        call.filters.iter().map(|filter| filter.name().to_owned()).collect()
    };
    let alternates: Vec<String> = placed.alternates.iter().map(|bases| letters(bases)).collect();
    let position = usize::try_from(placed.position).ok().and_then(|p| Position::try_from(p + 1).ok());
    let with_dosage = ploidies.iter().any(|&ploidy| ploidy > 2);
    let names = ["GT", "AD", "DP", "GQ", "PL", "DS"];
    let keys = names[..if with_dosage { 6 } else { 5 }].iter().map(|&name| name.to_owned()).collect();
    let values =
        call.samples.iter().zip(ploidies).map(|(sample, &ploidy)| fields(sample, ploidy, with_dosage));
    let samples = Samples::new(keys, values.collect());
    RecordBuf::builder()
        .set_reference_sequence_name(contig)
        .set_variant_start(position.unwrap_or(Position::MIN))
        .set_reference_bases(letters(&placed.reference))
        .set_alternate_bases(alternates.into())
        .set_quality_score(rounded(call.quality.min(99_999.0), 2))
        .set_filters(filters)
        .set_info(info(placed))
        .set_samples(samples)
        .build()
}

/// Copies of each allele among the called genotypes.
pub(crate) fn allele_counts(placed: &PlacedCall) -> Vec<u32> {
    let mut counts = vec![0u32; placed.alternates.len() + 1];
    for genotype in placed.call.samples.iter().filter_map(|sample| sample.genotype.as_ref()) {
        for (count, &copies) in counts.iter_mut().zip(genotype) {
            *count += u32::from(copies);
        }
    }
    counts
}

fn info(placed: &PlacedCall) -> Info {
    let call = &placed.call;
    let counts = allele_counts(placed);
    let total: u32 = counts.iter().sum();
    let integer = |value: u32| Some(InfoValue::Integer(i32::try_from(value).unwrap_or(i32::MAX)));
    let depth = call.samples.iter().map(|sample| sample.depth).sum();
    let with_reads = call.samples.iter().filter(|sample| sample.genotype.is_some()).count();
    let alternate_counts = counts[1..].iter().map(|&n| i32::try_from(n).ok()).collect();
    let frequency = |n: &u32| Some(rounded(f64::from(*n) / f64::from(total.max(1)), 4));
    let frequencies = counts[1..].iter().map(frequency).collect();
    let strands = -10.0 * strand_bias(call.notes.strands).max(1e-30).log10();
    let mut fields = vec![
        ("NS", integer(u32::try_from(with_reads).unwrap_or(u32::MAX))),
        ("DP", integer(depth)),
        ("AC", Some(InfoValue::Array(InfoArray::Integer(alternate_counts)))),
        ("AN", integer(total)),
        ("AF", Some(InfoValue::Array(InfoArray::Float(frequencies)))),
        ("MQ", Some(InfoValue::Float(rounded(call.notes.mapping_quality, 1)))),
        ("FS", Some(InfoValue::Float(rounded(strands.abs(), 1)))),
        ("RPD", integer(call.notes.from_end)),
    ];
    if let Some(f) = call.notes.inbreeding {
        fields.push(("F", Some(InfoValue::Float(rounded(f, 4)))));
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn fields(sample: &SampleCall, ploidy: u8, with_dosage: bool) -> Vec<Option<Value>> {
    let integer = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    // Before VCF 4.4 a lone allele counts as phased.
    let phasing = if ploidy == 1 { Phasing::Phased } else { Phasing::Unphased };
    let mut alleles: Vec<Allele> = Vec::with_capacity(usize::from(ploidy));
    match &sample.genotype {
        Some(counts) => {
            for (allele, &copies) in counts.iter().enumerate() {
                alleles.extend((0..copies).map(|_| Allele::new(Some(allele), phasing)));
            }
        }
        None => alleles.extend((0..ploidy).map(|_| Allele::new(None, phasing))),
    }
    let has_reads = sample.genotype.is_some();
    let depths = sample.depths.iter().map(|&depth| Some(integer(depth))).collect();
    let best = sample.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let phred = |log: &f64| Some((4.342_944_819 * (best - log)).round().min(9_999.0) as i32);
    let mut values = vec![
        Some(Value::Genotype(Genotype::from_iter(alleles))),
        Some(Value::Array(Array::Integer(depths))),
        Some(Value::Integer(integer(sample.depth))),
        has_reads.then(|| Value::Integer(i32::from(sample.quality))),
        has_reads.then(|| Value::Array(Array::Integer(sample.logs.iter().map(phred).collect()))),
    ];
    if with_dosage {
        values.push(has_reads.then(|| Value::Float(rounded(sample.dosage, 3))));
    }
    values
}
