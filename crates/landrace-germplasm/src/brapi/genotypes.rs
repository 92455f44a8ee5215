//! `/samples`, `/variantsets`, `/callsets`, `/variants` and the paged `/allelematrix`.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Output;
use landrace_genotypes::format::calls_as_text;
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, Site, for_each_block};
use serde_json::{Value, json};

use super::germplasm::Identifiers;
use super::{PAGE, alone, answer, page_of, write_pages};

/// What a call is called whose alleles are not known.
const UNKNOWN: &str = ".";

/// The set of variants that is written.
pub struct VariantSet<'a> {
    /// Its identifier and name.
    pub name: &'a str,
    /// The accessions that samples are named after, if passports are at hand.
    pub germplasm: Option<&'a Identifiers>,
}

/// Variants that wait for their page to be full, with their calls.
#[derive(Default)]
struct Waiting {
    variants: Vec<Value>,
    calls: Vec<Vec<String>>,
}

/// How many variants a source has; it is used up.
///
/// # Errors
/// Returns an error of the source.
pub fn count_variants(source: &mut dyn GenotypeSource) -> Result<usize, GenotypeError> {
    let mut total = 0;
    for_each_block(
        source,
        |block| Ok(block.rows()),
        |rows| {
            total += rows;
            Ok(())
        },
    )?;
    Ok(total)
}

/// Writes the samples and the calls of `total` variants, which each page states. A page of variants is held in memory at
/// a time.
///
/// # Errors
/// Returns an error of the source, or one that names the file that cannot be written.
pub fn write_genotypes(
    source: &mut dyn GenotypeSource,
    total: usize,
    set: &VariantSet<'_>,
    out: &Output,
) -> Result<(), GenotypeError> {
    let samples = source.header().samples.clone();
    write_samples(&samples, set, out)?;
    let variant_set = json!({
        "variantSetDbId": set.name, "variantSetName": set.name, "callSetCount": samples.len(), "variantCount": total,
        "availableFormats": [],
    });
    write_pages(out, "variantsets", &[variant_set])?;
    let of_block = |block: GenotypeBlock| {
        let of_row = |row| (variant(&block.contig, &block.sites[row], set.name), calls_as_text(&block, row));
        Ok((0..block.rows()).map(of_row).collect::<Vec<_>>())
    };
    let (mut waiting, mut page) = (Waiting::default(), 0);
    let mut write = |waiting: &mut Waiting| -> Result<(), GenotypeError> {
        let own = std::mem::take(waiting);
        out.write_inside(&format!("variants/{page}.json"), &page_of(page, total, &own.variants))?;
        write_matrix(&own, (page, total), (&samples, set.name), out)?;
        page += 1;
        Ok(())
    };
    for_each_block(source, of_block, |rows| {
        for (variant, calls) in rows {
            waiting.variants.push(variant);
            waiting.calls.push(calls);
            if waiting.variants.len() == PAGE {
                write(&mut waiting)?;
            }
        }
        Ok(())
    })?;
    if total == 0 || !waiting.variants.is_empty() {
        write(&mut waiting)?;
    }
    Ok(())
}

fn write_samples(samples: &[String], set: &VariantSet<'_>, out: &Output) -> Result<(), GenotypeError> {
    let sample = |name: &String| {
        let germplasm = set.germplasm.and_then(|known| known.of_sample(name));
        json!({ "sampleDbId": name, "sampleName": name, "germplasmDbId": germplasm })
    };
    write_pages(out, "samples", &samples.iter().map(sample).collect::<Vec<_>>())?;
    let call_set = |name: &String| json!({ "callSetDbId": name, "callSetName": name, "sampleDbId": name, "variantSetDbIds": [set.name] });
    write_pages(out, "callsets", &samples.iter().map(call_set).collect::<Vec<_>>())?;
    Ok(())
}

/// A variant; BrAPI counts positions from 0, with the end left out.
fn variant(contig: &str, site: &Site, set: &str) -> Value {
    let start = site.position.map(|position| position.get() - 1);
    let alternates = site.alternates.join(",");
    let id = match site.position {
        Some(position) => format!("{contig}:{}:{}:{alternates}", position.get(), site.reference),
        None => site.label(contig),
    };
    json!({
        "variantDbId": id,
        "variantNames": if site.id.is_empty() { json!([]) } else { json!([site.id]) },
        "variantSetDbId": [set],
        "referenceName": contig,
        "start": start,
        "end": start.map(|start| start + site.reference.len() as u64),
        "referenceBases": site.reference,
        "alternateBases": site.alternates,
        "variantType": if site.is_snp() { "SNP" } else { "INDEL" },
    })
}

/// Writes a page of variants of the allele matrix, by pages of samples: one row a variant.
fn write_matrix(
    own: &Waiting,
    (page, total): (usize, usize),
    (samples, set): (&[String], &str),
    out: &Output,
) -> Result<(), GenotypeError> {
    let ids: Vec<&Value> = own.variants.iter().map(|variant| &variant["variantDbId"]).collect();
    let dimension = |name: &str, page: usize, total: usize| json!({ "dimension": name, "page": page, "pageSize": PAGE, "totalCount": total, "totalPages": total.div_ceil(PAGE).max(1) });
    for (at, names) in super::pages(samples).enumerate() {
        let part = at * PAGE..at * PAGE + names.len();
        let calls: Vec<&[String]> = own.calls.iter().map(|row| &row[part.clone()]).collect();
        let sides = [dimension("VARIANTS", page, total), dimension("CALLSETS", at, samples.len())];
        let result = json!({
            "callSetDbIds": names,
            "variantDbIds": ids,
            "variantSetDbIds": [set],
            "dataMatrices": [{
                "dataMatrixAbbreviation": "GT", "dataMatrixName": "Genotype", "dataType": "string", "dataMatrix": calls,
            }],
            "expandHomozygotes": true,
            "sepPhased": "|",
            "sepUnphased": "/",
            "unknownString": UNKNOWN,
            "pagination": sides,
        });
        out.write_inside(&format!("allelematrix/{page}.{at}.json"), &answer(alone(), result))?;
    }
    Ok(())
}
