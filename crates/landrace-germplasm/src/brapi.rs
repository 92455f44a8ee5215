//! Passports and genotypes as the Breeding API has them (BrAPI v2.1, 2022): a folder of JSON pages, each what a server
//! would answer, so that it can be put behind any web server or read by what reads BrAPI.
//!
//! `serverinfo.json`, `germplasm/0.json` …, `samples/0.json` …, `variantsets/0.json`, `callsets/0.json` …,
//! `variants/0.json` … and `allelematrix/VARIANTS.CALLSETS.json`, pages counted from 0.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::{FileError, Output};
use serde_json::{Value, json};

mod genotypes;
mod germplasm;

pub use genotypes::{VariantSet, count_variants, write_genotypes};
pub use germplasm::{Identifiers, write_germplasm};

/// Records on a page, and each side of a page of the allele matrix.
pub const PAGE: usize = 1000;

/// The file that says that a folder is one of these.
pub const MARK: &str = "serverinfo.json";

/// An answer with its envelope.
fn answer(pagination: Value, result: Value) -> Vec<u8> {
    let metadata = json!({ "datafiles": [], "pagination": pagination, "status": [] });
    let mut bytes =
        json!({ "@context": [], "metadata": metadata, "result": result }).to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// Writes a list as pages; one empty page for none.
fn write_pages(out: &Output, call: &str, records: &[Value]) -> Result<(), FileError> {
    for (page, part) in pages(records).enumerate() {
        out.write_inside(&format!("{call}/{page}.json"), &page_of(page, records.len(), part))?;
    }
    Ok(())
}

fn pages<T>(records: &[T]) -> impl Iterator<Item = &[T]> {
    let none = records.is_empty().then_some(records);
    none.into_iter().chain(records.chunks(PAGE))
}

/// A page of a list of `total` records.
fn page_of(page: usize, total: usize, records: &[Value]) -> Vec<u8> {
    let pagination = json!({
        "currentPage": page, "pageSize": PAGE, "totalCount": total, "totalPages": total.div_ceil(PAGE).max(1),
    });
    answer(pagination, json!({ "data": records }))
}

/// Writes what the folder holds.
///
/// # Errors
/// Returns an error that names the file that cannot be written.
pub fn write_server_info(out: &Output, calls: &[&str]) -> Result<(), FileError> {
    let types = ["application/json"];
    let call =
        |name: &&str| json!({ "service": name, "dataTypes": types, "methods": ["GET"], "versions": ["2.1"] });
    let calls: Vec<Value> = calls.iter().map(call).collect();
    let result =
        json!({ "calls": calls, "serverName": "Landrace", "serverDescription": "pages written by Landrace" });
    out.write_inside(MARK, &answer(alone(), result))
}

/// The pagination of an answer that has no pages.
fn alone() -> Value {
    json!({ "currentPage": 0, "pageSize": 1, "totalCount": 1, "totalPages": 1 })
}

/// Text, or null for none.
fn text(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { value.into() }
}
