//! Passports and genotypes as a folder of BrAPI pages.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::{Path, PathBuf};

use landrace_genome::file::{self, Output};
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::format::{self, ReadOptions};
use landrace_germplasm::brapi::{
    Identifiers, MARK, VariantSet, count_variants, write_genotypes, write_germplasm, write_server_info,
};
use landrace_germplasm::passport::Passport;

/// Writes the folder. The genotypes are read twice: each page says how many variants there are in all.
pub(super) fn write(
    folder: &Path,
    passport: &Passport,
    genotypes: Option<&Path>,
    summary: &mut Summary,
) -> anyhow::Result<Output> {
    let out = file::create_folder(folder, MARK)?;
    let identifiers = Identifiers::of(passport);
    write_germplasm(passport, &identifiers, &out)?;
    let mut calls = vec!["germplasm"];
    if let Some(path) = genotypes {
        let wanted = Wanted { phase: true, ..Wanted::default() };
        let open = || format::open(&[PathBuf::from(path)], ReadOptions { wanted, ..ReadOptions::default() });
        let total = count_variants(open()?.as_mut())?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let set = VariantSet { name: &name, germplasm: Some(&identifiers) };
        let mut source = open()?;
        write_genotypes(source.as_mut(), total, &set, &out)?;
        summary.inputs.extend(source.digests());
        summary.count("variants_for_brapi", total);
        calls.extend(["samples", "variantsets", "callsets", "variants", "allelematrix"]);
    }
    write_server_info(&out, &calls)?;
    Ok(out)
}
