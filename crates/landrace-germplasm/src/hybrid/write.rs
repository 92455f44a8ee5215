//! The table of hybrids.

use std::io::{self, Write};

use super::{Class, Hybrids};

impl Hybrids {
    /// Writes a line a query.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write!(
            out,
            "sample\tmother\tfather\tclass\tprobability\tloci\tpolymorphic_loci\tmissing_percent\theterozygous_percent\t\
             heterozygous_percent_above_f1\talleles_of_mother_percent\talleles_of_father_percent\tas_expected_f1_percent"
        )?;
        for class in Class::ALL {
            write!(out, "\tp_{}", class.word().to_ascii_lowercase().replace(' ', "_"))?;
        }
        writeln!(out)?;
        let percent = |part: u64, whole: u64| match whole {
            0 => ".".to_owned(),
            _ => format!("{:.2}", 100.0 * part as f64 / whole as f64),
        };
        for answer in &self.answers {
            let own = &answer.counts;
            let [mother, father] = answer.cross.parents.map(|parent| &self.names[1][parent]);
            let most = answer.posterior.iter().copied().fold(0.0, f64::max);
            let word = match answer.class {
                _ if own.polymorphic == 0 => "no calls",
                Some(class) => class.word(),
                None => "uncertain",
            };
            let above = match own.fixed {
                0 => ".".to_owned(),
                fixed => {
                    let above = own.fixed_heterozygous as f64 - own.fixed_unlike as f64;
                    format!("{:.2}", 100.0 * above / fixed as f64)
                }
            };
            write!(
                out,
                "{}\t{mother}\t{father}\t{word}\t{most:.6}\t{}\t{}\t{}\t{}\t{above}\t{}\t{}\t{}",
                self.names[0][answer.cross.query],
                own.loci,
                own.polymorphic,
                percent(own.markers - own.called, own.markers),
                percent(own.heterozygous, own.called),
                percent(own.alleles_of[0], 2 * own.loci),
                percent(own.alleles_of[1], 2 * own.loci),
                percent(own.as_expected, own.fixed),
            )?;
            for own in answer.posterior {
                write!(out, "\t{own:.6}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
