//! Which file of a PLINK set a path means, and which sets are of other programs.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};

/// Endings of the tables beside a file of calls.
const TABLES: [&str; 3] = [".bim", ".fam", ".map"];

/// The file of calls that a path means: itself, the one whose table it is (`.bim` and `.fam` have a `.bed`, `.map`
/// a `.ped`), or the one with the ending that people leave out.
pub(crate) fn calls_path(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    if let Some(stem) = TABLES.iter().find_map(|ending| plain.strip_suffix(ending)) {
        let calls: &[&str] = if plain.ends_with(".map") { &[".ped"] } else { &[".bed"] };
        return existing(Path::new(stem), calls).unwrap_or_else(|| path.to_owned());
    }
    if std::fs::metadata(path).is_ok() {
        return path.to_owned();
    }
    existing(path, &[".bed", ".ped"]).unwrap_or_else(|| path.to_owned())
}

/// The first file of this stem and one of these endings, plain or compressed.
fn existing(stem: &Path, endings: &[&str]) -> Option<PathBuf> {
    let names = endings.iter().flat_map(|ending| ["", ".gz"].map(|gz| format!("{ending}{gz}")));
    names.map(|ending| file::beside(stem, &ending)).find(|path| std::fs::metadata(path).is_ok())
}

/// `x.bed` and `bim` give `x.bim`; or `x.bim.gz`, if that alone is there.
pub(super) fn table_path(calls: &Path, ending: &str) -> PathBuf {
    let name = calls.to_string_lossy();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = [".bed", ".ped"].iter().find_map(|own| stem.strip_suffix(own)).unwrap_or(stem);
    let plain = PathBuf::from(format!("{stem}.{ending}"));
    existing(Path::new(stem), &[&format!(".{ending}")]).unwrap_or(plain)
}

/// The `.map` beside a `.ped`.
pub(super) fn map_path(ped: &Path) -> PathBuf {
    table_path(ped, "map")
}

/// Whether a path is that of a `.ped` by its name.
pub(crate) fn is_ped_name(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    name.ends_with(".ped") || name.ends_with(".ped.gz")
}

/// Refuses PLINK 2's own files, by content or by name.
///
/// # Errors
/// Returns an error that names the command which makes files that Landrace reads.
pub(crate) fn refuse_plink2(path: &Path, head: &[u8]) -> Result<(), FileError> {
    let name = path.to_string_lossy();
    let ending = ["pgen", "pvar", "pvar.zst", "psam"].iter().find(|e| name.ends_with(&format!(".{e}")));
    let is_pgen = matches!(head, [0x6c, 0x1b, 2..=255, ..]);
    let (false, None) = (is_pgen, ending) else {
        let stem = ending.and_then(|ending| name.strip_suffix(&format!(".{ending}"))).unwrap_or(&name);
        let zst = if ending == Some(&"pvar.zst") { " vzs" } else { "" };
        let message = format!(
            "is of PLINK 2's own format, which Landrace does not read; make a .bed of it with 'plink2 --pfile \
             {stem}{zst} --max-alleles 2 --make-bed --out {stem}', or a VCF with '--export vcf bgz' if markers have \
             more alleles"
        );
        return Err(FileError::content(path, message));
    };
    Ok(())
}
