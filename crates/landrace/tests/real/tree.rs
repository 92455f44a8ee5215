//! Trees of a diversity panel, beside those of the R package ape.

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("bootstrap_of_a_tree_is_the_same_at_any_thread_count", "maize_mdp281", &[], bootstrap),
        trial("neighbour_joining_gives_the_tree_of_ape", "maize_mdp281", &["R:ape"], ape),
    ]
}

fn bootstrap(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    let (one, four) = (bench.path("one.nwk"), bench.path("four.nwk"));
    for (threads, path) in [(1, &one), (4, &four)] {
        bench.landrace(&format!("tree {input} --bootstrap 20 -o {} --threads {threads}", path.display()));
    }
    let text = std::fs::read_to_string(&one).unwrap();
    assert_eq!(text, std::fs::read_to_string(&four).unwrap());
    assert_eq!(text.matches(',').count(), 280);
    let report = bench.path("report.html");
    bench.landrace(&format!("report {}.summary.json -o {}", one.display(), report.display()));
    assert!(std::fs::read_to_string(report).unwrap().contains("<svg"));
}

/// The same branches and the same lengths: both trees of the distances that we write.
fn ape(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    let (tree, distances) = (bench.path("tree.nwk"), bench.path("d.tsv"));
    bench.landrace(&format!("tree {input} -o {} --distances {}", tree.display(), distances.display()));
    let script = bench.path("compare.R");
    let text = "library(ape)\na <- commandArgs(TRUE)\n\
        d <- as.matrix(read.table(a[2], header = TRUE, row.names = 1, sep = '\\t', check.names = FALSE))\n\
        ours <- read.tree(a[1]); theirs <- nj(as.dist(d))\n\
        ours$tip.label <- gsub(\"^'|'$\", '', ours$tip.label)\n\
        stopifnot(setequal(ours$tip.label, theirs$tip.label))\n\
        cat('topology', dist.topo(unroot(ours), theirs), '\\n')\n\
        n <- rownames(d)\n\
        cat('paths', max(abs(cophenetic(ours)[n, n] - cophenetic(theirs)[n, n])), '\\n')\n";
    std::fs::write(&script, text).unwrap();
    let says =
        bench.run("Rscript", &format!("{} {} {}", script.display(), tree.display(), distances.display()));
    let value = |name: &str| -> f64 {
        let line = says.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert_eq!(value("topology"), 0.0, "{says}");
    assert!(value("paths") < 1e-6, "{says}");
}
