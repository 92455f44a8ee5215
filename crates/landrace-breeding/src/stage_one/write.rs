//! The tables of stage one.

use std::io::{self, Write};

use super::Analysis;

/// Writes one row a sample, trait and environment: what `gwas` and `predict` read.
///
/// # Errors
/// Returns an error if it cannot be written.
pub fn write_estimates(analyses: &[Analysis], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "sample\ttrait\tenvironment\tvalue\tweight\tstandard_error\tplots\traw_mean\tunit")?;
    for own in analyses {
        let environment = own.environment.as_deref().unwrap_or("NA");
        let unit = own.unit.as_deref().unwrap_or("NA");
        for one in &own.estimates {
            writeln!(
                out,
                "{}\t{}\t{environment}\t{}\t{}\t{}\t{}\t{}\t{unit}",
                one.sample,
                own.name,
                digits(one.value),
                known(one.weight),
                known(one.standard_error),
                one.plots,
                digits(one.raw_mean)
            )?;
        }
    }
    Ok(())
}

/// Writes the variances and heritabilities.
///
/// # Errors
/// Returns an error if it cannot be written.
pub fn write_components(analyses: &[Analysis], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "trait\tenvironment\tcomponent\tlevels\tvalue")?;
    for own in analyses {
        let environment = own.environment.as_deref().unwrap_or("NA");
        let mut line = |what: &str, levels: usize, value: f64| {
            writeln!(out, "{}\t{environment}\t{what}\t{levels}\t{}", own.name, digits(value))
        };
        for one in &own.components {
            line(&format!("variance of {}", one.name), one.levels, one.variance)?;
        }
        let n = own.estimates.len();
        let figures = [
            ("variance of samples as random", own.sample_variance),
            ("heritability (Cullis)", own.cullis),
            ("heritability of entry means", own.entry_mean),
        ];
        for (what, value) in figures {
            value.map(|value| line(what, n, value)).transpose()?;
        }
    }
    Ok(())
}

/// Writes the plots that are out of line.
///
/// # Errors
/// Returns an error if it cannot be written.
pub fn write_outliers(analyses: &[Analysis], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "trait\tenvironment\tline\tsample\tvalue\tstandardised_residual\tp_bonferroni")?;
    for own in analyses {
        let environment = own.environment.as_deref().unwrap_or("NA");
        for one in &own.outliers {
            let (value, residual, p) = (one.value, digits(one.residual), digits(one.p));
            writeln!(
                out,
                "{}\t{environment}\t{}\t{}\t{value}\t{residual}\t{p}",
                own.name, one.line, one.sample
            )?;
        }
    }
    Ok(())
}

fn known(value: Option<f64>) -> String {
    value.map_or_else(|| "NA".to_owned(), digits)
}

/// Eight digits: more than the variances are certain to.
fn digits(value: f64) -> String {
    let text = format!("{value:.7e}");
    text.parse::<f64>().map_or(text, |short| short.to_string())
}
