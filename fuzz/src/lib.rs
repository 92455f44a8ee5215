//! What the targets share: bytes as files in memory, and a reader that goes through all of them.

use std::path::{Path, PathBuf};
use std::sync::Once;

use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::{Wanted, for_each_block};

/// A folder in memory for this process's files.
pub fn folder() -> PathBuf {
    static MADE: Once = Once::new();
    let folder = Path::new("/dev/shm").join(format!("landrace-fuzz-{}", std::process::id()));
    MADE.call_once(|| {
        std::fs::create_dir_all(&folder).expect("a folder in memory");
        rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("one thread");
    });
    folder
}

/// Bytes as a file of a name.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("memory for a file");
    path
}

/// Reads genotypes to their end with every layer; errors are what is hoped for.
pub fn read_genotypes(path: &Path, options: ReadOptions) {
    let wanted = Wanted {
        phase: true,
        depth: true,
        genotype_quality: true,
        allele_depths: true,
        likelihoods: true,
        dosage: true,
        records: true,
        ..Wanted::default()
    };
    let Ok(mut source) = format::open(&[path.to_owned()], ReadOptions { wanted, ..options }) else { return };
    let work = |block: landrace_genotypes::GenotypeBlock| {
        for row in 0..block.rows() {
            block.counts(row);
        }
        Ok(())
    };
    let _ = for_each_block(source.as_mut(), work, |()| Ok(()));
}
