//! For each contig, the relationship by the variants of all others: sums by contig, taken off the sum of all.

use std::sync::Arc;

use super::additive::prepare;
use super::{Account, Method, Options, SampleMatrix, check_memory, nothing_varies, size};
use crate::gram::{Gram, RowTables};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Relationship without each contig.
#[derive(Clone, Debug)]
pub struct WithoutContig {
    /// Contigs in the order of the file, each with the relationship by the others.
    pub matrices: Vec<(String, SampleMatrix)>,
    /// What went in, over all contigs.
    pub account: Account,
}

/// What a contig's variants add.
struct Share {
    contig: Arc<str>,
    sum: Gram,
    denominator: f64,
}

/// Computes, for each contig, the relationship of the samples by the variants of the other contigs, by
/// [`Method::VanRaden1`] or [`Method::VanRaden2`].
///
/// Memory: eight bytes a pair of samples and contig, and once more while the sums become matrices.
///
/// # Errors
/// As [`super::relate`]; and for other methods, or variants of one contig alone.
pub fn without_each_contig(
    source: &mut dyn GenotypeSource,
    options: &Options,
) -> Result<WithoutContig, GenotypeError> {
    if !matches!(options.method, Method::VanRaden1 | Method::VanRaden2) {
        return Err(GenotypeError::Request(format!(
            "relationship without each contig is by 'vanraden1' or 'vanraden2', not by '{}'",
            options.method.name()
        )));
    }
    let samples = source.header().samples.clone();
    check_memory(samples.len(), options)?;
    let mut account = Account::default();
    let mut shares: Vec<Share> = Vec::new();
    for_each_block(
        source,
        |block| prepare(block, options),
        |ready| {
            account.merge(&ready.account);
            let contig = &ready.block.contig;
            let place = shares.iter().rposition(|share| share.contig == *contig);
            let place = place.unwrap_or_else(|| {
                let sum = Gram::new(samples.len());
                shares.push(Share { contig: contig.clone(), sum, denominator: 0.0 });
                shares.len() - 1
            });
            check_held(shares.len(), samples.len(), options)?;
            shares[place].denominator += ready.denominator;
            shares[place].sum.add(&RowTables::from_parts(&ready.block, ready.parts));
            Ok(())
        },
    )?;
    if account.used == 0 {
        return Err(nothing_varies());
    }
    if shares.iter().filter(|share| share.denominator > 0.0).count() < 2 {
        return Err(GenotypeError::Request(
            "all variants that vary are on one contig: leaving it out leaves no relationship; leave out --loco".to_owned(),
        ));
    }
    Ok(WithoutContig { matrices: subtract(samples, shares), account })
}

fn check_held(contigs: usize, samples: usize, options: &Options) -> Result<(), GenotypeError> {
    let pairs = (samples * (samples + 1) / 2) as u64;
    let needed = 8 * pairs * (contigs as u64 + 1);
    match options.memory {
        Some(memory) if needed > memory => Err(GenotypeError::Request(format!(
            "relationships without each of {contigs} contigs and more take {} of memory, and {} are allowed; leave out \
             --loco, or join small contigs",
            size(needed),
            size(memory)
        ))),
        _ => Ok(()),
    }
}

fn subtract(samples: Arc<[String]>, shares: Vec<Share>) -> Vec<(String, SampleMatrix)> {
    let pairs = samples.len() * (samples.len() + 1) / 2;
    let (mut all, mut denominator) = (vec![0.0; pairs], 0.0);
    let mut parts = Vec::new();
    for share in shares {
        let (values, _) = share.sum.finish();
        all.iter_mut().zip(&values).for_each(|(all, own)| *all += own);
        denominator += share.denominator;
        parts.push((share.contig.to_string(), values, share.denominator));
    }
    let matrix = |(contig, mut values, own): (String, Vec<f64>, f64)| {
        values.iter_mut().zip(&all).for_each(|(value, all)| *value = (all - *value) / (denominator - own));
        (contig, SampleMatrix { samples: samples.clone(), values })
    };
    parts.into_iter().map(matrix).collect()
}
