//! The header of the output.

use landrace_genome::ContigDictionary;
use noodles::vcf;
use noodles::vcf::header::record::value::Map;
use noodles::vcf::header::record::value::map::format::{Number as FormatNumber, Type as FormatType};
use noodles::vcf::header::record::value::map::info::{Number as InfoNumber, Type as InfoType};
use noodles::vcf::header::record::value::map::{Contig, Filter as FilterLine, Format, Info};
use noodles::vcf::header::{FileFormat, record};

use crate::error::CallError;
use crate::filter::Filter;

const INFO: [(&str, InfoNumber, InfoType, &str); 9] = [
    ("NS", InfoNumber::Count(1), InfoType::Integer, "Samples with reads"),
    ("DP", InfoNumber::Count(1), InfoType::Integer, "Reads of all samples"),
    ("AC", InfoNumber::AlternateBases, InfoType::Integer, "Called copies of each alternate allele"),
    ("AN", InfoNumber::Count(1), InfoType::Integer, "Called copies of all alleles"),
    (
        "AF",
        InfoNumber::AlternateBases,
        InfoType::Float,
        "Frequency of each alternate allele among called copies",
    ),
    ("MQ", InfoNumber::Count(1), InfoType::Float, "Root mean square of the mapping qualities"),
    (
        "FS",
        InfoNumber::Count(1),
        InfoType::Float,
        "Phred probability of the strands of the alleles by Fisher's exact test",
    ),
    (
        "RPD",
        InfoNumber::Count(1),
        InfoType::Integer,
        "Median distance of alternate alleles from the nearer end of their reads [bp]",
    ),
    (
        "F",
        InfoNumber::Count(1),
        InfoType::Float,
        "Inbreeding coefficient: 1 - observed / expected heterozygosity",
    ),
];

const FORMAT: [(&str, FormatNumber, FormatType, &str); 6] = [
    ("GT", FormatNumber::Count(1), FormatType::String, "Genotype"),
    ("AD", FormatNumber::ReferenceAlternateBases, FormatType::Integer, "Reads of each allele"),
    ("DP", FormatNumber::Count(1), FormatType::Integer, "Reads, those that tell no allele included"),
    ("GQ", FormatNumber::Count(1), FormatType::Integer, "Phred probability that the genotype is wrong"),
    ("PL", FormatNumber::Samples, FormatType::Integer, "Phred likelihoods of the genotypes, the best 0"),
    ("DS", FormatNumber::Count(1), FormatType::Float, "Expected number of alternate copies"),
];

/// Makes the header for contigs and samples; `command` is the canonical command line.
///
/// # Errors
/// Returns an error for a contig or sample name that VCF cannot hold.
pub(crate) fn header<'a>(
    contigs: &ContigDictionary,
    samples: impl Iterator<Item = &'a str>,
    command: &str,
) -> Result<vcf::Header, CallError> {
    let mut builder = vcf::Header::builder().set_file_format(FileFormat::new(4, 3));
    for (_, contig) in contigs.iter() {
        let length = usize::try_from(contig.length).ok();
        let mut line = Map::<Contig>::new();
        *line.length_mut() = length;
        builder = builder.add_contig(contig.name.clone(), line);
    }
    for (_, name, description) in Filter::ALL {
        builder = builder.add_filter(name, Map::<FilterLine>::new(description));
    }
    for (name, number, kind, description) in INFO {
        builder = builder.add_info(name, Map::<Info>::new(number, kind, description));
    }
    for (name, number, kind, description) in FORMAT {
        builder = builder.add_format(name, Map::<Format>::new(number, kind, description));
    }
    for sample in samples {
        builder = builder.add_sample_name(sample);
    }
    let failed =
        |error: &dyn std::fmt::Display| CallError::Samples(format!("cannot write the header: {error}"));
    let lines = [("source", "landrace"), ("landrace_command", command)];
    for (key, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        let key = key.parse().map_err(|error| failed(&error))?;
        let value = record::Value::from(value);
        builder = builder.insert(key, value).map_err(|error| failed(&error))?;
    }
    Ok(builder.build())
}
