//! Values and predictions of a trial as tables.

use std::io::{self, Write};

use super::{EnvironmentFit, EnvironmentModel, EnvironmentTrial, EnvironmentValidation, EnvironmentValues};
use crate::predict::Population;

fn or_na(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "NA".to_owned(), |value| format!("{value:.6}"))
}

/// Writes the values with the columns of other predictions: all samples overall, then environment by environment.
/// `role` is `training` with a record there, `elsewhere` with records in other environments alone, else `predicted`.
///
/// # Errors
/// Returns the writer's error.
pub fn write_environment_values(
    population: &Population,
    trial: &EnvironmentTrial,
    fit: &EnvironmentFit,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "sample\ttrait\tvalue\tbreeding_value\treliability\tstandard_error\tphenotype\trole")?;
    let lines = trial.lines();
    let known = |sample: usize| lines.binary_search(&sample).is_ok();
    let mut write = |name: &str, own: &EnvironmentValues, place: Option<usize>| -> io::Result<()> {
        for (index, sample) in population.samples().iter().enumerate() {
            let set = place.map(|place| &trial.sets[place]);
            let record = set.and_then(|set| Some(set.values[set.samples.binary_search(&index).ok()?]));
            let role = match (known(index), record, place) {
                (false, ..) => "predicted",
                (true, None, Some(_)) => "elsewhere",
                _ => "training",
            };
            let value = own.values[index];
            writeln!(
                out,
                "{sample}\t{name}\t{:.6}\t{value:.6}\t{:.6}\t{:.6}\t{}\t{role}",
                own.mean + value,
                own.reliabilities[index],
                own.errors[index],
                or_na(record),
            )?;
        }
        Ok(())
    };
    write(&trial.name, &fit.overall, None)?;
    for (place, (set, own)) in trial.sets.iter().zip(&fit.environments).enumerate() {
        write(&set.name.to_string(), own, Some(place))?;
    }
    Ok(())
}

/// Writes the accuracies within environments: a line a scheme, repeat, environment and model.
///
/// # Errors
/// Returns the writer's error.
pub fn write_environment_accuracies(
    trial: &EnvironmentTrial,
    validations: &[EnvironmentValidation],
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "scheme\trepeat\ttrait\tmodel\trecords\tcorrelation\tslope\trmse\ttop_overlap")?;
    for own in validations {
        let name = own.scheme.name();
        for repeat in 1..=own.repeats() {
            for (j, set) in trial.sets.iter().enumerate() {
                for model in EnvironmentModel::ALL {
                    let Some(found) = own.of_repeat(repeat, j, model) else { continue };
                    let (r, slope) = (or_na(found.correlation), or_na(found.slope));
                    let (model, n) = (model.name(), found.records);
                    let (rmse, overlap) = (found.rmse, found.overlap);
                    writeln!(
                        out,
                        "{name}\t{repeat}\t{}\t{model}\t{n}\t{r}\t{slope}\t{rmse:.6}\t{overlap:.6}",
                        set.name
                    )?;
                }
            }
        }
    }
    Ok(())
}

/// Writes each prediction of cross-validation beside what was observed.
///
/// # Errors
/// Returns the writer's error.
pub fn write_environment_held(
    population: &Population,
    trial: &EnvironmentTrial,
    validations: &[EnvironmentValidation],
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "sample\ttrait\tscheme\trepeat\tfold\tobserved")?;
    EnvironmentModel::ALL.iter().try_for_each(|model| write!(out, "\t{}", model.name()))?;
    writeln!(out)?;
    for own in validations {
        for (repeat, fold, held) in &own.splits {
            for cell in held {
                let sample = &population.samples()[cell.sample];
                let (name, scheme) = (&trial.sets[cell.environment].name, own.scheme.name());
                write!(out, "{sample}\t{name}\t{scheme}\t{repeat}\t{fold}\t{:.6}", cell.observed)?;
                cell.predicted.iter().try_for_each(|own| write!(out, "\t{}", or_na(*own)))?;
                writeln!(out)?;
            }
        }
    }
    Ok(())
}
