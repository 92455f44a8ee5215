//! The table of associations, with GEMMA's columns.

use std::fmt::Write;

use landrace_genotypes::significance::probability_text;

use super::Method;
use super::coding::Marker;
use super::joint::JointTest;
use super::points::Association;

/// The header line of two-valued traits, without the line's end: the score test by the normal distribution, and by a
/// saddle point where it is far out.
pub fn header_of_two_valued() -> &'static str {
    "chr\trs\tps\tn_miss\tallele1\tallele0\taf\tbeta\tse\tp_score\tp_spa\ttrait"
}

/// The header line, without the line's end. With `has_classes`, each marker's degrees of freedom and effects come last.
pub fn header(method: Method, has_classes: bool) -> String {
    let start = match method {
        Method::Exact => {
            "chr\trs\tps\tn_miss\tallele1\tallele0\taf\tbeta\tse\tlogl_H1\tl_remle\tl_mle\tp_wald\tp_lrt\tp_score\ttrait"
        }
        _ => "chr\trs\tps\tn_miss\tallele1\tallele0\taf\tbeta\tse\tp_wald\ttrait",
    };
    let end = if has_classes { "\tdf\teffects" } else { "" };
    format!("{start}{end}")
}

/// The header line of a joint test, without the line's end: of `traits` traits with GEMMA's columns, or of environments.
pub fn header_of_joint(test: JointTest, traits: usize) -> String {
    let start = "chr\trs\tps\tn_miss\tallele1\tallele0\taf\t";
    if test == JointTest::Environments {
        return format!("{start}beta\tse\tp_mean\tp_interaction\ttrait\teffects");
    }
    let mut out = start.to_owned();
    // Writing to a string does not fail.
    (1..=traits).for_each(|i| {
        let _ = write!(out, "beta_{i}\t");
    });
    for i in 1..=traits {
        (i..=traits).for_each(|j| {
            let _ = write!(out, "Vbeta_{i}_{j}\t");
        });
    }
    out + "p_wald\ttrait"
}

/// Appends a marker's line of a joint test. `names` are the traits' or the environments'; `of` is what was tested.
pub fn push_joint_row(
    out: &mut String,
    marker: &Marker,
    own: &[Association],
    (test, names, of): (JointTest, &[String], &str),
) {
    let [main, rest @ ..] = own else { return };
    push_place(out, marker);
    if test == JointTest::Traits {
        for value in main.effects.iter().map(|own| &own.0).chain(&main.covariance) {
            let _ = write!(out, "{value:.6e}\t");
        }
        let _ = writeln!(out, "{}\t{of}", probability_text(main.ln_p));
        return;
    }
    let _ = write!(out, "{:.6e}\t{:.6e}\t", main.beta, main.se);
    for own in std::iter::once(main).chain(rest) {
        let _ = write!(out, "{}\t", probability_text(own.ln_p));
    }
    let effects: Vec<String> = names
        .iter()
        .zip(&main.effects)
        .map(|(name, (beta, se))| format!("{name}={beta:.6e}({se:.6e})"))
        .collect();
    let _ = writeln!(out, "{of}\t{}", effects.join(","));
}

/// Where a marker is, its alleles and frequency.
fn push_place(out: &mut String, marker: &Marker) {
    let position = marker.position.map_or_else(|| "0".to_owned(), |position| position.to_string());
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "{}\t{}\t{position}\t{}\t{}\t{}\t{:.3}\t",
        marker.contig, marker.id, marker.missing, marker.effect, marker.other, marker.frequency
    );
}

/// Appends a marker's line for one trait. `beta` is the effect of one more copy of `allele1`, `af` its frequency; where
/// classes of samples have their own effects, `beta` and `se` are NA, and `effects` has dosage:effect(standard error),
/// after the dosage that they are held against.
pub fn push_row(out: &mut String, marker: &Marker, own: &Association, of: &str) {
    push_place(out, marker);
    if marker.classes.is_empty() {
        let _ = write!(out, "{:.6e}\t{:.6e}\t", own.beta, own.se);
    } else {
        out.push_str("NA\tNA\t");
    }
    if let Some(search) = &own.search {
        let _ = write!(out, "{:.6e}\t{:.6e}\t{:.6e}\t", search.loglik, search.lambda_reml, search.lambda_ml);
    }
    if let Some(ln_p) = own.ln_p_normal {
        out.push_str(&probability_text(ln_p));
        out.push('\t');
    }
    out.push_str(&probability_text(own.ln_p));
    if let Some(search) = &own.search {
        out.push('\t');
        out.push_str(&probability_text(search.ln_p_lrt));
        out.push('\t');
        out.push_str(&probability_text(search.ln_p_score));
    }
    out.push('\t');
    out.push_str(of);
    if !marker.classes.is_empty() {
        let _ = write!(out, "\t{}\t{}", marker.columns.len(), class_effects(marker, own));
    }
    out.push('\n');
}

/// The effects of a marker's classes, with commas between; the first is the one that the others are held against.
pub fn class_effects(marker: &Marker, own: &Association) -> String {
    // A dosage of several ploidies may be no whole number.
    let mut classes = marker.classes.iter().map(|class| (class * 1000.0).round() / 1000.0);
    let mut out = classes.next().map_or_else(String::new, |class| format!("{class}:0"));
    let single = [(own.beta, own.se)];
    let effects = if own.effects.is_empty() { &single[..] } else { &own.effects };
    for (class, (beta, se)) in classes.zip(effects) {
        let _ = write!(out, ",{class}:{beta:.6e}({se:.6e})");
    }
    out
}
