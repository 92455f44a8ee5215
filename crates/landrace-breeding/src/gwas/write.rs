//! The table of associations, with GEMMA's columns.

use std::fmt::Write;

use landrace_genotypes::significance::probability_text;

use super::Method;
use super::coding::Marker;
use super::points::Association;

/// The header line, without the line's end.
pub fn header(method: Method) -> &'static str {
    match method {
        Method::Exact => {
            "chr\trs\tps\tn_miss\tallele1\tallele0\taf\tbeta\tse\tlogl_H1\tl_remle\tl_mle\tp_wald\tp_lrt\tp_score\ttrait"
        }
        Method::P3d | Method::Glm => "chr\trs\tps\tn_miss\tallele1\tallele0\taf\tbeta\tse\tp_wald\ttrait",
    }
}

/// Appends a marker's line for one trait. `beta` is the effect of one more copy of `allele1`, `af` its frequency.
pub fn push_row(out: &mut String, marker: &Marker, own: &Association, of: &str) {
    let position = marker.position.map_or_else(|| "0".to_owned(), |position| position.to_string());
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "{}\t{}\t{position}\t{}\t{}\t{}\t{:.3}\t{:.6e}\t{:.6e}\t",
        marker.contig,
        marker.id,
        marker.missing,
        marker.effect,
        marker.other,
        marker.frequency,
        own.beta,
        own.se
    );
    if let Some(search) = &own.search {
        let _ = write!(out, "{:.6e}\t{:.6e}\t{:.6e}\t", search.loglik, search.lambda_reml, search.lambda_ml);
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
    out.push('\n');
}
